// An OpenID Connect provider by others (npm `oidc-provider`) with a client for each person of a test:
// node provider.mjs PORT KEYS PERSON…
//
// PORT 0 takes a free one; the first line on standard output is the issuer. KEYS is a file that keeps the keys, so that a
// provider can be stopped and started again. GET /test/rotate puts new keys before the present ones, GET /test/replace puts
// them in their place, and GET /test/count says how often keys were asked for.
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, file, ...people] = process.argv.slice(2);
const kinds = {
  RS256: ['rsa', { modulusLength: 2048 }],
  PS256: ['rsa', { modulusLength: 2048 }],
  ES256: ['ec', { namedCurve: 'P-256' }],
  EdDSA: ['ed25519'],
};

const newKeys = () =>
  Object.entries(kinds).map(([alg, kind]) => {
    const { privateKey } = generateKeyPairSync(...kind);
    return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg };
  });

let keys = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : newKeys();
let handler;
let count = 0;

const server = createServer((request, response) => {
  const path = request.url;
  if (path === '/test/count') {
    response.end(String(count));
  } else if (path === '/test/rotate' || path === '/test/replace') {
    keys = path === '/test/rotate' ? [...newKeys(), ...keys] : newKeys();
    open();
    response.end('done');
  } else {
    count += path === '/jwks' ? 1 : 0;
    handler(request, response);
  }
});

function open() {
  writeFileSync(file, JSON.stringify(keys));
  const issuer = `http://127.0.0.1:${server.address().port}`;
  const provider = new Provider(issuer, {
    jwks: { keys },
    clients: people.map((person) => ({
      client_id: person,
      client_secret: 'secret',
      token_endpoint_auth_method: 'client_secret_post',
      grant_types: ['client_credentials'],
      redirect_uris: [],
      response_types: [],
    })),
    scopes: ['read', 'write', 'moderate', 'admin'],
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        // urn:kith:ES256 is Kith, with a token that is signed in that way.
        getResourceServerInfo: (ctx, resource) => ({
          scope: 'read write moderate admin',
          audience: resource.startsWith('urn:kith:') ? 'kith' : resource,
          accessTokenFormat: 'jwt',
          accessTokenTTL: 3600,
          jwt: { sign: { alg: resource.split(':').pop() in kinds ? resource.split(':').pop() : 'RS256' } },
        }),
      },
    },
    extraTokenClaims: (ctx, token) => ({
      preferred_username: `${token.clientId}@example.com`,
      name: `Name of ${token.clientId}`,
    }),
  });
  handler = provider.callback();
  return issuer;
}

server.listen(Number(port), '127.0.0.1', () => console.log(open()));
// It ends with the test that started it.
process.stdin.on('end', () => process.exit()).resume();

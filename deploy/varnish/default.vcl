# Varnish before nginx, as a shared cache of what strangers read: an example of what a CDN does, and not a part of
# docker-compose.yml. It needs the module xkey (Debian: varnish-modules). Kith is told of it by
#
#   KITH_CDN__MAX_AGE=3600
#   KITH_CDN__PURGE_URL=http://varnish:6081/purge
#
# The tests run this very file, with another address.
vcl 4.1;

import xkey;

backend kith {
    .host = "nginx";
    .port = "8080";
}

# Where Kith runs, and nobody else.
acl purgers {
    "127.0.0.1";
    "10.0.0.0"/8;
    "172.16.0.0"/12;
    "192.168.0.0"/16;
}

sub vcl_recv {
    if (req.url == "/purge") {
        if (req.method != "POST" || client.ip !~ purgers) {
            return (synth(404));
        }
        set req.http.X-Purged = xkey.purge(req.http.Surrogate-Key);
        return (synth(204));
    }
    # What is asked for with a token goes through, as does all that is no GET or HEAD: so says the built-in code.
}

sub vcl_backend_response {
    set beresp.http.xkey = beresp.http.Surrogate-Key;
    # Not past its age: after that nobody has promised to purge it.
    set beresp.grace = 0s;
}

sub vcl_deliver {
    unset resp.http.xkey;
    unset resp.http.Surrogate-Key;
}

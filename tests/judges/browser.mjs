// A person's way in: Swagger UI, used as somebody does who has never seen Kith. Every example is sent as it stands.
// Arguments: the address of a running Kith, the browser, a folder for pictures.
import assert from "node:assert/strict";
import { chromium } from "playwright-core";

const [origin, executablePath, pictures] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath,
  args: [
    // The page is Kith's own, and in a container of CI there is no sandbox.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
  page.setDefaultTimeout(30_000);
  const elsewhere = [];
  const complaints = [];
  page.on("request", (request) => {
    const url = new URL(request.url());
    if (url.protocol !== "data:" && url.protocol !== "blob:" && url.origin !== origin) elsewhere.push(url.href);
  });
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(`${message.text()} (${message.location().url})`);
  });
  page.on("pageerror", (error) => complaints.push(String(error)));

  let count = 0;
  const picture = (name) => page.screenshot({ path: `${pictures}/${String(++count).padStart(2, "0")}-${name}.png` });

  /** The block of an operation, opened. */
  async function open(id) {
    const block = page.locator(`.opblock[id$="-${id}"]`);
    assert.equal(await block.count(), 1, `one ${id} on the page`);
    if ((await block.locator(".opblock-body").count()) === 0) {
      await block.locator(".opblock-summary-control").click();
    }
    await block.locator(".execute").waitFor();
    return block;
  }

  /** Sends the request as the page has it; the answer that the page shows. */
  async function execute(id, parameters = {}, change = (body) => body) {
    const block = await open(id);
    for (const [name, value] of Object.entries(parameters)) {
      await block.locator(`tr[data-param-name="${name}"] input`).fill(value);
    }
    const editor = block.locator("textarea.body-param__text");
    if (await editor.count()) {
      const body = await editor.inputValue();
      const changed = change(body);
      if (changed !== body) await editor.fill(changed);
    }
    await block.locator("button.execute").click();
    const live = block.locator(".live-responses-table .response").first();
    await live.waitFor();
    await block.evaluate((element) => element.scrollIntoView());
    await picture(id);
    const status = Number((await live.locator(".response-col_status").innerText()).trim().split(/\s/)[0]);
    const shown = await live.locator(".response-col_description .highlight-code").first().innerText();
    const example = block.locator(".responses-wrapper .responses-table:not(.live-responses-table) .example").first();
    assert.doesNotMatch(await example.innerText(), /: "string"/, `the page shows what ${id} answers`);
    // An open block is drawn anew with all that changes on the page.
    await block.locator(".opblock-summary-control").click();
    return { status, body: JSON.parse(shown.replace(/^[^{[]*/, "").replace(/[^}\]]*$/, "")) };
  }

  // The page itself.
  await page.goto(`${origin}/docs`);
  await page.locator(".opblock").first().waitFor();
  assert.equal(await page.title(), "Kith API");
  assert.match(await page.locator(".info .title").innerText(), /^Kith/);
  assert.ok((await page.locator(".opblock").count()) > 40, "all operations are on the page");
  const first = page.locator(".opblock-tag-section").first();
  assert.match(await first.locator(".opblock-tag").innerText(), /^Accounts/);
  assert.equal(await first.locator(".opblock-summary-method").first().innerText(), "POST");
  assert.match(await first.locator(".opblock-summary").first().innerText(), /Register/);
  await picture("page");

  // Registering and logging in.
  const user = await execute("create_user");
  assert.equal(user.status, 201, JSON.stringify(user));
  const session = await execute("create_session");
  assert.equal(session.status, 200, JSON.stringify(session));

  // Without the token the page says what is wanted.
  const stranger = await execute("create_post");
  assert.equal(stranger.status, 401, JSON.stringify(stranger));
  assert.equal(stranger.body.code, "unauthenticated");

  await page.locator(".auth-wrapper .btn.authorize").first().click();
  const dialog = page.locator(".dialog-ux .modal-ux");
  await dialog.locator("input").fill(session.body.access_token);
  await picture("authorize");
  await dialog.locator("button.authorize").click();
  await dialog.getByText("Authorized", { exact: true }).waitFor();
  await dialog.locator("button.btn-done").click();
  assert.equal(await page.locator(".auth-wrapper .btn.authorize.locked").count(), 1, "the page shows who is logged in");

  // Posting, commenting, reading.
  const post = await execute("create_post");
  assert.equal(post.status, 201, JSON.stringify(post));
  const comment = await execute("create_comment", { id: post.body.id });
  assert.equal(comment.status, 201, JSON.stringify(comment));
  const feed = await execute("get_home_feed");
  assert.equal(feed.status, 200, JSON.stringify(feed));
  assert.deepEqual(
    feed.body.items.map((item) => [item.post.text, item.post.author.handle]),
    [[post.body.text, user.body.handle]],
  );

  // The other examples of bodies.
  const me = await execute("update_me");
  assert.equal(me.status, 200, JSON.stringify(me));
  const changed = await execute("update_post", { id: post.body.id });
  assert.equal(changed.status, 200, JSON.stringify(changed));
  const reworded = await execute("update_comment", { id: comment.body.id });
  assert.equal(reworded.status, 200, JSON.stringify(reworded));
  const refreshed = await execute("refresh_session", {}, (body) =>
    JSON.stringify({ ...JSON.parse(body), refresh_token: session.body.refresh_token }),
  );
  assert.equal(refreshed.status, 200, JSON.stringify(refreshed));

  // What is refused on purpose is in the console of the browser as well, and nothing else is.
  const refusals = complaints.filter((text) => text.includes("status of 401") && text.includes("/v1/posts"));
  assert.equal(refusals.length, 1, complaints.join("\n"));
  assert.equal(complaints.length, 1, complaints.join("\n"));
  assert.deepEqual(elsewhere, []);
} finally {
  await browser.close();
}
console.log("done");

// What the identity provider shows.

/** The form, with a sentence when what came was wrong. Posts to its own address. */
export function formPage(wrong) {
  const sentence = wrong ? '<p role="alert">Name or password are wrong.</p>' : ''
  return messagePage(
    'Log in',
    `${sentence}<form method="post"><label for="name">Name</label><input id="name" name="name" autocomplete="username" required autofocus>
<label for="password">Password</label><input id="password" name="password" type="password" autocomplete="current-password" required>
<button>Log in</button></form>`,
  )
}

/** A page with this heading above `content`, which is HTML. */
export function messagePage(heading, content) {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading} · Sarke Identity</title><style>
:root{color-scheme:light dark;--ink:#1d2430;--ground:#f4f5f8;--paper:#fff;--line:#cbd2dd;--accent:#34499a;--on:#fff}
@media(prefers-color-scheme:dark){:root{--ink:#e6e9f0;--ground:#12151c;--paper:#1b202b;--line:#39414f;--accent:#aab8f2;--on:#141a30}}
*{box-sizing:border-box}body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1.25rem;background:var(--ground);color:var(--ink);font:1rem/1.5 system-ui,sans-serif}
main{width:100%;max-width:23rem;background:var(--paper);border:1px solid var(--line);border-radius:.9rem;padding:1.75rem}
h1{margin:0 0 1rem;font-size:1.6rem}.who{margin:0 0 .25rem;font-weight:600;color:var(--accent)}
label{display:block;font-weight:600;margin:.9rem 0 .3rem}input{width:100%;font:inherit;padding:.6rem .75rem;border:1px solid var(--line);border-radius:.5rem;background:var(--ground);color:inherit}
button{width:100%;margin-top:1.25rem;font:inherit;font-weight:600;padding:.7rem;border:0;border-radius:.5rem;background:var(--accent);color:var(--on);cursor:pointer}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}[role=alert]{border-left:4px solid #c0392b;padding-left:.75rem}
</style></head><body><main><p class="who">Sarke Identity</p><h1>${heading}</h1>${content}</main></body></html>`
}

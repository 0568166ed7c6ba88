/** The one stylesheet of the pages: light and dark, from a phone to a wide screen, usable by keyboard. */
export const style = `
:root{color-scheme:light dark;--page:#f3f4f7;--card:#fff;--ink:#14171f;--soft:#545b6b;--line:#cfd4de;--field:#fff;--accent:#b34700;--accent-ink:#fff;--accent-over:#963b00;--focus:#1d5fd1;--bad:#a8071a;--bad-page:#fdecee;--bad-line:#f1b4bb}
@media (prefers-color-scheme:dark){:root{--page:#0f1116;--card:#181b22;--ink:#eef0f5;--soft:#a7aebd;--line:#3a4050;--field:#11141a;--accent:#ff9548;--accent-ink:#1d0d00;--accent-over:#ffab6e;--focus:#7fb0ff;--bad:#ffb3ba;--bad-page:#34161b;--bad-line:#6d2a33}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:grid;place-items:center;padding:1.5rem 1rem;background:var(--page);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{width:100%;max-width:25rem}
.card{background:var(--card);border:1px solid var(--line);border-radius:14px;padding:2rem;box-shadow:0 1px 2px rgb(0 0 0/.05),0 12px 32px rgb(0 0 0/.07)}
.brand{display:flex;align-items:center;gap:.6rem;margin:0 0 1.5rem;font-weight:650;letter-spacing:.01em}
.brand svg{width:2rem;height:2rem;flex:none}
h1{margin:0 0 .25rem;font-size:1.45rem;line-height:1.25;font-weight:650;overflow-wrap:anywhere}
p{margin:0 0 1rem;color:var(--soft);overflow-wrap:anywhere}
form{margin:1.25rem 0 0}
label{display:block;margin:0 0 .3rem;font-weight:550}
input{width:100%;margin:0 0 1rem;padding:.7rem .8rem;border:1px solid var(--line);border-radius:9px;background:var(--field);color:var(--ink);font:inherit}
button,.button{display:block;width:100%;padding:.75rem 1rem;border:1px solid transparent;border-radius:9px;background:var(--accent);color:var(--accent-ink);font:inherit;font-weight:600;text-align:center;text-decoration:none;cursor:pointer}
button:hover,.button:hover{background:var(--accent-over)}
.plain{background:transparent;color:var(--ink);border-color:var(--line)}
.plain:hover{background:var(--page)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px}
ul{list-style:none;margin:1.25rem 0 0;padding:0;display:grid;gap:.6rem}
li small{display:block;font-weight:400;opacity:.75}
.complaint{margin:1rem 0 0;padding:.7rem .85rem;border:1px solid var(--bad-line);border-radius:9px;background:var(--bad-page);color:var(--bad)}
dl{margin:1.25rem 0;display:grid;grid-template-columns:auto 1fr;gap:.35rem 1rem}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
code{display:block;margin:1rem 0 0;padding:.75rem;border:1px solid var(--line);border-radius:9px;background:var(--field);font:.85rem/1.5 ui-monospace,Menlo,Consolas,monospace;overflow-wrap:anywhere;user-select:all}
footer{margin:1rem 0 0;color:var(--soft);font-size:.85rem;text-align:center}
@media (max-width:30rem){body{place-items:start center;padding:1rem .75rem}.card{padding:1.5rem 1.25rem}}
@media (forced-colors:active){.card,input,button,.button,.complaint{border:1px solid}}
`.trim()

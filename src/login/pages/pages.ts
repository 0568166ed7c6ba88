/** The pages of logins. Every text in them that comes from outside is escaped by the template. */
import type { Reply } from '../reply.ts'
import { type Html, html } from './html.ts'
import { page } from './layout.ts'

const autofocus = html` autofocus`

export interface PasswordPage {
  readonly nonce: string
  /** What one logs in to. */
  readonly to: string
  readonly action: string
  /** Name of the hidden field that holds the state, and its value. */
  readonly token: string
  /** Why it is shown again. */
  readonly complaint: string | null
  readonly username: string
  readonly label: string
  readonly status?: number
  /** What follows the login may be on another host. */
  readonly leaves?: boolean
  /** Another way in. */
  readonly other?: { readonly href: string; readonly label: string }
}

/** A name and a password are asked for. */
export function passwordPage(facts: PasswordPage): Reply {
  const { nonce, to, action, token, complaint, username, label, status = 200, leaves = false, other } = facts
  const body = html`<h1>Log in</h1>
<p>to ${to}</p>
${complaintOf(complaint)}
<form method="post" action="${action}">
<input type="hidden" name="token" value="${token}">
<label for="username">${label}</label>
<input id="username" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required maxlength="320" value="${username}"${username === '' ? autofocus : null}>
<label for="password">Password</label>
<input id="password" name="password" type="password" autocomplete="current-password" required maxlength="1024"${username === '' ? null : autofocus}>
<button type="submit">Log in</button>
</form>
${other === undefined ? null : html`<ul><li><a class="button plain" href="${other.href}">${other.label}</a></li></ul>`}`
  return page({ status, title: 'Log in', body, nonce, leaves })
}

export interface Choice {
  readonly href: string
  readonly label: string
  readonly hint: string
}

/** Several ways to log in. */
export function choicePage(nonce: string, to: string, choices: readonly Choice[]): Reply {
  const items = choices.map(
    ({
      href,
      label,
      hint,
    }) => html`<li><a class="button plain" href="${href}">${label}<small>${hint}</small></a></li>
`,
  )
  const body = html`<h1>Log in</h1>
<p>to ${to}. Choose how.</p>
<ul>
${items}</ul>`
  return page({ title: 'Log in', body, nonce })
}

/** The email decides how one logs in. `fields`: hidden ones. */
export function emailPage(facts: {
  readonly nonce: string
  readonly to: string
  readonly action: string
  readonly fields: ReadonlyArray<readonly [string, string]>
  readonly complaint: string | null
}): Reply {
  const { nonce, to, action, fields, complaint } = facts
  const hidden = fields.map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">
`,
  )
  const body = html`<h1>Log in</h1>
<p>to ${to}. Your email tells us how.</p>
${complaintOf(complaint)}
<form method="get" action="${action}">
${hidden}<label for="email">Email</label>
<input id="email" name="email" type="email" autocomplete="username" required maxlength="320" autofocus>
<button type="submit">Go on</button>
</form>`
  return page({ status: complaint === null ? 200 : 400, title: 'Log in', body, nonce, leaves: true })
}

/** Something is said, and there may be a way on. */
export function messagePage(facts: {
  readonly nonce: string
  readonly status: number
  readonly title: string
  readonly text: string
  readonly way?: { readonly href: string; readonly label: string }
}): Reply {
  const { nonce, status, title, text, way } = facts
  const body = html`<h1>${title}</h1>
<p>${text}</p>
${way === undefined ? null : html`<a class="button" href="${way.href}">${way.label}</a>`}`
  return page({ status, title, body, nonce })
}

/** An administrator is logged in. */
export function administratorPage(facts: {
  readonly nonce: string
  readonly name: string
  readonly email: string
  readonly rights: string
  readonly until: string
  readonly logout: string
  readonly token: string
}): Reply {
  const { nonce, name, email, rights, until, logout, token } = facts
  const body = html`<h1>Welcome, ${name}</h1>
<p>You are logged in to this gateway.</p>
<dl>
<dt>Login</dt><dd>${email}</dd>
<dt>Rights</dt><dd>${rights}</dd>
<dt>Until</dt><dd><time datetime="${until}">${until.slice(0, 16).replace('T', ' ')} UTC</time></dd>
</dl>
<form method="post" action="${logout}">
<input type="hidden" name="token" value="${token}">
<button type="submit" class="plain">Log out</button>
</form>`
  return page({ title: 'Logged in', body, nonce, leaves: true })
}

/** The token of a session, for programs without a browser. */
export function tokenPage(nonce: string, token: string): Reply {
  const body = html`<h1>You are logged in</h1>
<p>Give this token to your program. It is as good as your password while the session lasts.</p>
<code>${token}</code>`
  return page({ title: 'Logged in', body, nonce })
}

function complaintOf(text: string | null): Html | null {
  return text === null ? null : html`<p class="complaint" role="alert">${text}</p>`
}

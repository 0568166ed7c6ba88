/** A login that goes no further. Thrown where it is found out, worded as a page where requests are answered. */
import type { LoginReason } from './reasons.ts'

export class LoginRefusal extends Error {
  readonly reason: LoginReason
  readonly title: string
  /** The way on, for people. */
  readonly way: { readonly href: string; readonly label: string } | null

  /** `message`: for people; it tells nothing that they may not know. */
  constructor(reason: LoginReason, title: string, message: string, way: LoginRefusal['way'] = null) {
    super(message)
    this.name = 'LoginRefusal'
    this.reason = reason
    this.title = title
    this.way = way
  }
}

/** A state that cannot be gone on with. */
export function stale(): LoginRefusal {
  return new LoginRefusal(
    'login.stale',
    'Begin again',
    'This login was begun in another browser, or too long ago, or it is finished already. Go back to where you wanted to and log in anew. Your browser must accept cookies.',
  )
}

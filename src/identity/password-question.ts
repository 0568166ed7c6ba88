/** What is asked about passwords by those who must not hash them, and what they are told. Plain data: it crosses threads. */

export type PasswordQuestion =
  /** Whether a module knows the name and the password. `from`: address of the client, for whoever counts failures. */
  | {
      readonly kind: 'module'
      readonly module: string
      readonly username: string
      readonly password: string
      readonly from: string
    }
  /** Whether a password is that of a bcrypt hash; an empty hash is that of a name nobody has. `realm`: a route. */
  | {
      readonly kind: 'hash'
      readonly realm: string
      readonly username: string
      readonly password: string
      readonly hash: string
      readonly from: string
    }

export type PasswordAnswer =
  /** The session the user would have, as JSON. */
  | { readonly kind: 'user'; readonly user: Readonly<Record<string, unknown>> }
  | { readonly kind: 'matches' }
  | { readonly kind: 'refused' }
  | { readonly kind: 'wait'; readonly seconds: number }
  | { readonly kind: 'no-passwords' }

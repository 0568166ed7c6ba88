/** A login that an identity provider did not make good. */
import { CallFailed } from '../../../plugin/outgoing-calls.ts'

/**
 * The provider says no, or says what is not to be believed. `message`: for the log, without tokens, codes and secrets;
 * `display`: for the user.
 */
export class NotBelieved extends Error {
  readonly display: string

  constructor(message: string, display = 'the identity provider gave an answer that is not to be trusted') {
    super(message)
    this.name = 'NotBelieved'
    this.display = display
  }
}

/** The provider cannot be asked right now, or is set up wrongly: nothing the user can help. */
export class ProviderDown extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'ProviderDown'
  }
}

/** What a failed call is for the login. Other errors are handed back. */
export function downOf(error: unknown): unknown {
  return error instanceof CallFailed ? new ProviderDown(`${error.fault}: ${error.message}`) : error
}

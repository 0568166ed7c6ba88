/** What is wrong with messages, in words that programs may rely on, and the status a server answers. */
export const messageFaults = {
  /** Not HTTP, or HTTP that two parsers could read in two ways. */
  bad_message: 400,
  /** A tunnel is asked for. */
  connect_refused: 405,
  /** The head did not arrive in time. */
  head_timeout: 408,
  body_too_large: 413,
  target_too_long: 414,
  unknown_expectation: 417,
  /** The head as a whole, one of its fields, or their number. */
  head_too_large: 431,
  /** A method, transfer coding or protocol that is not known here. */
  unsupported: 501,
  /** The answer of a server. */
  bad_response: 502,
  unknown_version: 505,
} as const

export type MessageFault = keyof typeof messageFaults
export type FaultStatus = (typeof messageFaults)[MessageFault]

const faultOf = new Map<number, MessageFault>(
  Object.entries(messageFaults).map(([fault, status]) => [status, fault as MessageFault]),
)

/** A message that is not valid HTTP. `status` is what a server answers before it closes. */
export class BadMessage extends Error {
  readonly status: FaultStatus
  constructor(status: FaultStatus, message: string) {
    super(message)
    this.name = 'BadMessage'
    this.status = status
  }

  get fault(): MessageFault {
    return faultOf.get(this.status)!
  }
}

/** What the event of a request is made from. */
import type { VisitedFields } from './masked-fields.ts'

export type EventHeaders = Iterable<readonly [string, string]> | VisitedFields

/**
 * What the gateway knows of a finished request. Times in milliseconds; -1 where unknown. Each is asked for when an event needs it,
 * while the request is still at hand.
 */
export interface GatewayEventFacts {
  readonly id: string
  readonly requestId: string
  /** Epoch milliseconds. */
  readonly receivedAt: number
  readonly endedAt: number
  readonly protocol: string
  readonly scheme: string
  readonly host: string
  readonly uri: string
  readonly method: string
  readonly clientAddress: string
  readonly target: { readonly scheme: string; readonly host: string } | null
  readonly duration: number
  readonly overhead: number
  readonly backendDuration: number
  readonly responseStreamingDuration: number
  readonly dataIn: number
  readonly dataOut: number
  readonly status: number
  readonly chunked: boolean
  readonly headers: EventHeaders
  readonly headersOut: EventHeaders
  readonly sentHeaders: EventHeaders
  readonly answerHeaders: EventHeaders
  readonly identity: EventIdentity | null
  /** Message of the gateway's own error, or null. */
  readonly error: string | null
  /** Reason code of that error, or null. */
  readonly reason: string | null
  readonly route: EventRoute | null
  readonly attempts: number
  readonly clientChain: readonly string[]
  /** What plugins tell besides, or null. */
  readonly extras: Readonly<Record<string, unknown>> | null
  /** What is known of the software of the client, and where it is; absent: nothing. */
  readonly userAgent?: Readonly<Record<string, unknown>> | undefined
  readonly geolocation?: Readonly<Record<string, unknown>> | undefined
  readonly env: string
  /** What is left to the API key; absent: unknown. */
  readonly remainingQuotas?: Readonly<Record<string, number>> | undefined
  /** What a gateway in front says of the request it made this one for; null where nothing is known. */
  readonly parent: EventParent | null
}

export interface EventParent {
  readonly request: string | null
  /** Id and name of the calling service. */
  readonly from: string | null
  readonly label: string | null
}

export interface EventIdentity {
  readonly identityType: 'APIKEY' | 'PRIVATEAPP'
  readonly identity: string
  readonly label: string
  readonly metadata: Readonly<Record<string, string>>
  readonly tags: readonly string[]
}

export interface EventRoute {
  readonly id: string
  readonly name: string
  readonly metadata: Readonly<Record<string, string>>
  /** The whole entity. */
  readonly json: object
}

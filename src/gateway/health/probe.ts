/** The one call a health check makes, as the room asks for it: whoever wires the room makes it over a socket. */
import type { CompiledTarget } from '../balancing/index.ts'
import type { ProbeAnswer } from './judgement.ts'

/** A call to make. */
export interface ProbeRequest {
  readonly routeId: string
  readonly method: 'GET'
  /** Path and query. */
  readonly path: string
  /** Headers of the check; the prober adds `Host`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** Milliseconds for everything, body included; the signal is given then. */
  readonly timeout: number
  /** Bytes of the body to read at most; 0: none is wanted. The rest is not to be waited for. */
  readonly mostBody: number
  readonly signal: AbortSignal
}

/** What came back. Header values are looked up by lower-case name. */
export interface ProbeResult {
  readonly status: number
  header(name: string): string | undefined
  /** Beginning of the body, at most `mostBody` bytes. */
  readonly body: Uint8Array
}

/** Makes the call. Rejects when there is no answer, with a message that may be shown. */
export type Probe = (target: CompiledTarget, request: ProbeRequest) => Promise<ProbeResult>

const utf8 = new TextDecoder('utf-8', { fatal: false })

/** The answer as it is judged. */
export function answerOf(result: ProbeResult, logicHeader: string, mostBody: number): ProbeAnswer {
  return {
    status: result.status,
    contentType: result.header('content-type'),
    logicResult: result.header(logicHeader.toLowerCase()),
    text: utf8.decode(result.body.subarray(0, mostBody)),
  }
}

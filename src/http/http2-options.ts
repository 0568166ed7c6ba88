/** Limits as Node's HTTP/2 wants them, the same for both sides of a session. */
import type { Http2Limits, HttpLimits } from './limits.ts'

export function sessionOptions(limits: HttpLimits, http2: Http2Limits): Record<string, unknown> {
  return {
    maxSettings: http2.maxSettings,
    maxOutstandingPings: http2.maxOutstandingPings,
    maxSessionMemory: http2.maxSessionMemory,
    maxSessionInvalidFrames: http2.maxInvalidFrames,
    maxSessionRejectedStreams: http2.maxRejectedStreams,
    streamResetBurst: http2.resetBurst,
    streamResetRate: http2.resetRate,
    // Pseudo-headers count as pairs; one more than allowed must arrive to be answered with 431.
    maxHeaderListPairs: limits.maxHeaderCount + 8,
    strictFieldWhitespaceValidation: true,
    strictSingleValueFields: false,
  }
}

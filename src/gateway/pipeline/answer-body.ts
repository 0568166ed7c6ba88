/** The body of an answer that a plugin or the gateway made, as a stream with back-pressure. */
import { UNKNOWN_LENGTH } from '../../http/index.ts'
import type { AnswerBody } from '../../plugin/answer.ts'
import { MessageBody } from './message-body.ts'

/** Where the pieces of a body come from, once it flows. */
export interface AnswerSource {
  /** The client takes more. */
  resume(): void
  /** Nobody reads on: the iterator is told to clean up. */
  cancel(): void
}

/** `onSource` gets the source of a body that comes in pieces. `headOnly`: the answer has no body, whatever is given. */
export function answerBody(
  body: AnswerBody,
  headOnly: boolean,
  onSource: (source: AnswerSource) => void,
): MessageBody {
  if (body === null) return fixed(Buffer.alloc(0))
  if (typeof body === 'string') return fixed(Buffer.from(body))
  if (body instanceof Uint8Array) return fixed(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  // Pieces that are sent nowhere would come without end.
  const length = body.length ?? UNKNOWN_LENGTH
  if (headOnly) return new MessageBody(length, reader => reader.end(null))
  return new MessageBody(length, reader => {
    const pieces = body[Symbol.asyncIterator]()
    let wake: (() => void) | null = null
    let cancelled = false
    const resume = (): void => {
      wake?.()
      wake = null
    }
    onSource({
      resume,
      cancel: () => {
        if (cancelled) return
        cancelled = true
        wake?.()
        pieces.return?.()?.catch(() => {})
      },
    })
    const pump = async (): Promise<void> => {
      for (let piece = await pieces.next(); !piece.done && !cancelled; piece = await pieces.next()) {
        const { buffer, byteOffset, byteLength } = piece.value
        const taken = reader.data(Buffer.from(buffer, byteOffset, byteLength))
        if (!taken && !cancelled) await new Promise<void>(go => (wake = go))
      }
      if (!cancelled) reader.end(null)
    }
    pump().catch(error => {
      if (!cancelled) reader.error(error instanceof Error ? error : new Error(String(error)))
    })
    return resume
  })
}

function fixed(content: Buffer): MessageBody {
  const body = new MessageBody(0, reader => reader.end(null))
  if (content.length > 0) body.replace(content)
  return body
}

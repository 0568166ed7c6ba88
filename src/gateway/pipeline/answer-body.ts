/** The body of an answer that a plugin or the gateway made, as a stream with back-pressure. */
import { UNKNOWN_LENGTH } from '../../http/index.ts'
import type { AnswerBody } from '../../plugin/answer.ts'
import { MessageBody } from './message-body.ts'

/** `onResume` gets what to call when the client takes more. */
export function answerBody(body: AnswerBody, onResume: (resume: () => void) => void): MessageBody {
  if (body === null) return fixed(Buffer.alloc(0))
  if (typeof body === 'string') return fixed(Buffer.from(body))
  if (body instanceof Uint8Array) return fixed(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  return new MessageBody(UNKNOWN_LENGTH, reader => {
    let resume: (() => void) | null = null
    onResume(() => {
      resume?.()
      resume = null
    })
    const pump = async (): Promise<void> => {
      for await (const chunk of body) {
        const taken = reader.data(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength))
        if (!taken) await new Promise<void>(go => (resume = go))
      }
      reader.end(null)
    }
    pump().catch(error => reader.error(error instanceof Error ? error : new Error(String(error))))
  })
}

function fixed(content: Buffer): MessageBody {
  const body = new MessageBody(0, reader => reader.end(null))
  if (content.length > 0) body.replace(content)
  return body
}

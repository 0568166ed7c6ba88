/**
 * Connections to a directory: plain, over TLS, or turned to TLS before anything is said (StartTLS, RFC 4511, 4.14).
 *
 * Guarantees: certificates and host names are verified unless the settings say otherwise; with StartTLS nothing is sent or
 * believed in clear, bytes that came along with the answer in clear least of all; what one operation brings is bounded.
 */
import { connect, isIP, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'

export interface ServerAddress {
  readonly host: string
  readonly port: number
  /** TLS from the first byte, after StartTLS, or none. */
  readonly tls: 'always' | 'start' | 'none'
}

/** StartTLS as message 1. */
const START_TLS = Buffer.concat([
  Buffer.from([0x30, 0x1d, 0x02, 0x01, 0x01, 0x77, 0x18, 0x80, 0x16]),
  Buffer.from('1.3.6.1.4.1.1466.20037'),
])
const EXTENDED_RESPONSE = 0x78
/** Bytes of the longest answer to StartTLS. */
const LONGEST_ANSWER = 8192

/** Reads `ldap://…` or `ldaps://…`. Throws for anything else. */
export function readAddress(text: string, startTls: boolean): ServerAddress {
  const url = URL.parse(text)
  const fits = url !== null && (url.protocol === 'ldap:' || url.protocol === 'ldaps:') && url.hostname !== ''
  if (!fits || url.username !== '')
    throw new Error(`serverUrls: ${JSON.stringify(text)} is no ldap or ldaps address`)
  const always = url.protocol === 'ldaps:'
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (always ? 636 : 389) : Number(url.port),
    tls: always ? 'always' : startTls ? 'start' : 'none',
  }
}

/** `timeout`: milliseconds until the connection can be used. Rejects with what went wrong. */
export async function openSocket(
  { host, port, tls }: ServerAddress,
  options: ConnectionOptions,
  timeout: number,
): Promise<Socket> {
  const plain = connect({ host, port, noDelay: true })
  let last: Socket = plain
  const timer = setTimeout(() => last.destroy(new Error('no connection in time')), timeout)
  try {
    await happens(plain, 'connect')
    if (tls === 'none') return plain
    if (tls === 'start') await startTls(plain)
    const secure = connectTls({
      ...options,
      host,
      socket: plain,
      ...(isIP(host) === 0 && { servername: host }),
    })
    last = secure
    await happens(secure, 'secureConnect')
    return secure
  } catch (error) {
    last.destroy()
    plain.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
}

function happens(socket: Socket, event: 'connect' | 'secureConnect'): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = (): void => reject(new Error('the server closed the connection'))
    socket.once(event, () => {
      socket.off('error', reject)
      socket.off('close', ended)
      resolve()
    })
    socket.once('error', reject)
    socket.once('close', ended)
  })
}

async function startTls(socket: Socket): Promise<void> {
  const answer = await new Promise<Buffer>((resolve, reject) => {
    let read: Buffer = Buffer.alloc(0)
    const done = (error: Error | null): void => {
      socket.off('data', data)
      socket.off('error', done)
      socket.off('close', closed)
      socket.pause()
      if (error === null) resolve(read)
      else reject(error)
    }
    const data = (chunk: Buffer): void => {
      read = Buffer.concat([read, chunk])
      if (read.length > LONGEST_ANSWER) done(new Error('StartTLS: the answer is too long'))
      else if (valueAt(read, 0) !== null) done(null)
    }
    const closed = (): void => done(new Error('StartTLS: the server closed the connection'))
    socket.on('data', data)
    socket.once('error', done)
    socket.once('close', closed)
    socket.write(START_TLS)
  })
  const message = valueAt(answer, 0)!
  const id = valueAt(answer, message.start)
  const response = id === null ? null : valueAt(answer, id.end)
  const code = response === null ? null : valueAt(answer, response.start)
  const agreed = response?.tag === EXTENDED_RESPONSE && code !== null && answer[code.start] === 0
  if (!agreed || code.end - code.start !== 1) throw new Error('StartTLS: the server refuses')
  // Whoever is between could put answers there that would be taken for those that come over TLS.
  if (message.end !== answer.length) throw new Error('StartTLS: there is more in clear than the answer')
}

/** Tag and place of the value at `at` (BER, definite lengths); null when it is not complete. */
function valueAt(bytes: Buffer, at: number): { tag: number; start: number; end: number } | null {
  if (at + 2 > bytes.length) return null
  const first = bytes[at + 1]!
  const count = first < 0x80 ? 0 : first - 0x80
  if (count > 4 || at + 2 + count > bytes.length) return null
  const length = count === 0 ? first : bytes.readUIntBE(at + 2, count)
  const start = at + 2 + count
  return start + length > bytes.length ? null : { tag: bytes[at]!, start, end: start + length }
}

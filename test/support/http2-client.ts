/** Requests over HTTP/2, as a client of the gateway makes them. */
import http2 from 'node:http2'

export interface Http2Answer {
  readonly status: number
  readonly headers: http2.IncomingHttpHeaders
  readonly body: string
  readonly trailers: http2.IncomingHttpHeaders
}

/** A session; rejects when it cannot be made. `https://…` takes any certificate. */
export function openSession(
  url: string,
  options: http2.SecureClientSessionOptions = {},
): Promise<http2.ClientHttp2Session> {
  return new Promise((resolve, reject) => {
    const session = http2.connect(url, { rejectUnauthorized: false, servername: 'test.local', ...options })
    session.once('connect', () => resolve(session))
    session.once('error', reject)
  })
}

/** One request on a session. */
export function ask(
  session: http2.ClientHttp2Session,
  headers: http2.OutgoingHttpHeaders,
  body?: string,
): Promise<Http2Answer> {
  return new Promise((resolve, reject) => {
    const stream = session.request(headers, { endStream: body === undefined })
    let answered: http2.IncomingHttpHeaders = {}
    let trailers: http2.IncomingHttpHeaders = {}
    let text = ''
    stream.setEncoding('utf8')
    stream.on('response', got => (answered = got))
    stream.on('trailers', got => (trailers = got))
    stream.on('data', chunk => (text += chunk))
    stream.on('error', reject)
    stream.on('end', () =>
      resolve({ status: Number(answered[':status']), headers: answered, body: text, trailers }),
    )
    if (body !== undefined) stream.end(body)
  })
}

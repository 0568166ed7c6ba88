/** What the application answers. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | Buffer
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = `${JSON.stringify(value)}\n`
  return { status: 200, headers: { 'Content-Type': 'application/json', ...headers }, body }
}

/** RFC 9457. */
export function problem(status: number, title: string): Answer {
  const body = `${JSON.stringify({ status, title })}\n`
  return { status, headers: { 'Content-Type': 'application/problem+json' }, body }
}

export function html(text: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers }, body: text }
}

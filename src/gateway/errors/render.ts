/**
 * Words a refusal for the client: HTML or JSON by `Accept`, the error template of the route or the global one, upstream's
 * `Otoroshi-Error*` fields and the reason code (law 5).
 */
import { HeaderBlock } from '../../http/index.ts'
import type { HeaderNameKey } from '../../plugin/contract.ts'
import type { Refusal } from '../../plugin/answer.ts'
import { errorPage } from './error-page.ts'
import type { ErrorTemplate } from './error-template.ts'

/** Name of the field that carries the reason code of every answer the gateway makes itself. */
export const REASON_HEADER = 'Otoroshi-Error-Reason'

export interface RefusalContext {
  /** `Accept` of the request. */
  readonly accept: string | undefined
  /** Value of the request's state field, echoed back. */
  readonly state: string | undefined
  readonly errorId: string
  readonly template: ErrorTemplate | null
  readonly headerNames: Readonly<Record<HeaderNameKey, string>>
}

export interface RenderedError {
  readonly status: number
  readonly headers: HeaderBlock
  readonly body: Buffer
}

/** The answer a refusal becomes. */
export function renderRefusal(refusal: Refusal, context: RefusalContext): RenderedError {
  const { headerNames, template } = context
  const html = wantsHtml(context.accept)
  const text = html ? page(refusal, context) : json(refusal, context)
  const headers = HeaderBlock.from([
    ['Content-Type', html ? 'text/html; charset=utf-8' : 'application/json'],
    [headerNames.error, 'true'],
    [headerNames.stateResponse, fieldText(context.state ?? '--')],
    [REASON_HEADER, reasonField(refusal)],
  ])
  if (html || template === null) headers.append(headerNames.errorMessage, fieldText(refusal.message))
  headers.append('Cache-Control', 'no-store')
  return { status: refusal.status, headers, body: Buffer.from(text) }
}

/** As upstream: only an element that is exactly `text/html`, or no `Accept` at all, asks for a page. */
export function wantsHtml(accept: string | undefined): boolean {
  if (accept === undefined || accept === 'text/html') return true
  return accept.split(',').some(element => element.trim() === 'text/html')
}

/** `plugin.unknown; plugin="cp:x"`: a structured field item with what it is about as a parameter (RFC 9651). */
export function reasonField(refusal: Refusal): string {
  if (refusal.subject === null) return refusal.reason
  const subject = fieldText(refusal.subject).replace(/["\\]/g, '\\$&')
  return `${refusal.reason}; plugin="${subject}"`
}

function page(refusal: Refusal, context: RefusalContext): string {
  if (context.template !== null) return context.template.html(refusal, context.errorId)
  return errorPage(refusal.status, titleOf(refusal), refusal.message, context.errorId)
}

function titleOf(refusal: Refusal): string {
  if (refusal.cause === 'errors.service.in.maintenance') return 'Back soon'
  if (refusal.cause === 'errors.service.under.construction') return 'Not built yet'
  return refusal.status >= 500 ? 'The service cannot answer' : 'The request was refused'
}

function json(refusal: Refusal, context: RefusalContext): string {
  const { template } = context
  if (template === null) return JSON.stringify({ [context.headerNames.error]: refusal.message })
  const { message, cause } = template.texts(refusal)
  return JSON.stringify({
    'otoroshi-error-id': context.errorId,
    'otoroshi-error': message,
    'otoroshi-cause': cause,
    'otoroshi-raw-error': refusal.message,
  })
}

/** Text made fit for a field value: anything outside printable ASCII becomes `?`. */
function fieldText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1024)
}

/** Refusals by their status, as the document names and explains them. */

export interface RefusalDescription {
  /** Name under the document's components. */
  readonly name: string
  readonly description: string
}

export const refusals: Readonly<Record<number, RefusalDescription>> = {
  400: { name: 'BadRequest', description: 'There is no usable API key, or the call cannot be understood' },
  401: {
    name: 'Unauthorized',
    description: 'The API key is not accepted here, the caller has no right to this, or the API is read only',
  },
  403: { name: 'Forbidden', description: 'The caller has no right to this' },
  404: { name: 'NotFound', description: 'There is no such thing, or none the caller may see' },
  405: { name: 'MethodNotAllowed', description: 'The kind does not offer this' },
  409: { name: 'Conflict', description: 'It is there already, others use it, or others keep writing it' },
  412: { name: 'PreconditionFailed', description: '`If-Match` or `If-None-Match` does not hold' },
  413: { name: 'BodyTooLarge', description: 'The body is longer than the limit' },
  429: { name: 'TooManyRequests', description: 'The quota of the API key is used up' },
  500: { name: 'Failed', description: 'The admin API itself failed' },
  501: { name: 'NotBuilt', description: 'This part of it is not in this version' },
  503: { name: 'Unavailable', description: 'The store cannot be reached; the change is not confirmed' },
  507: { name: 'StoreFull', description: 'The store has no room left; nothing was written' },
}

/** What any call may be answered, and what any call that is no GET. */
export const everyCall: readonly number[] = [400, 401, 403, 429, 500, 503]
export const everyChange: readonly number[] = [507]

/** What a write of one entity may be answered besides. */
export const everyWrite: readonly number[] = [404, 409, 412, 413]

/** What crosses to the thread that transforms, and back. Plain data. */

/** Applies a jq filter to one JSON text. Several results are lines; none is an empty text. */
export interface FilterJob {
  readonly kind: 'filter'
  readonly filter: string
  /** Null: the filter is only compiled. */
  readonly input: string | null
  /** JSON text of `$context`. */
  readonly context: string
}

/** Replaces all that a pattern matches. */
export interface RewriteRule {
  readonly pattern: string
  /** Of `i`, `m`, `s`, `u`, as in Java. */
  readonly flags: string
  /** `$1` and `\x` as in Java. */
  readonly replacement: string
}

/** Applies rules to a text, one after the other. */
export interface RewriteJob {
  readonly kind: 'rewrite'
  readonly rules: readonly RewriteRule[]
  /** What `href` attributes with a relative value get in front, or null. */
  readonly hrefPrefix: string | null
  readonly text: string
}

/** Converts a text. */
export interface ConvertJob {
  readonly kind: 'xml-to-json' | 'json-to-xml'
  readonly text: string
}

export type Job = FilterJob | RewriteJob | ConvertJob

/**
 * Why there is no result: the text is not JSON; the filter is none, or failed on this text; the result is longer than allowed;
 * it took too long; too many wait; the thread broke.
 */
export type JobFault = 'bad_input' | 'bad_filter' | 'failed' | 'too_large' | 'too_slow' | 'busy' | 'broken'

export type Outcome =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly fault: JobFault; readonly details: readonly string[] }

/** A job as the thread gets it. `most`: longest result, UTF-16 units. */
export interface Order {
  readonly job: Job
  readonly most: number
}

/** `tired`: the thread holds much memory and should be replaced. */
export interface Delivery {
  readonly outcome: Outcome
  readonly tired: boolean
}

/** HTML that is made of texts of others without becoming theirs. */

/** Text that is HTML already. */
export class Html {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Part = Html | string | number | null | readonly (Html | null)[]

/** A template whose values are escaped, unless they are HTML; null is nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Part[]): Html {
  return new Html(strings.reduce((text, piece, i) => text + textOf(values[i - 1] ?? null) + piece))
}

function textOf(part: Part): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(textOf).join('')
  return String(part).replace(/[&<>"'`]/g, char => `&#${char.charCodeAt(0)};`)
}

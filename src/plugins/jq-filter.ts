/** jq filters in settings: checked before the route serves, run on a thread of their own. */
import { type Outcome, workbench } from '../transform/index.ts'

/** Rejects with a sentence that names the setting when its filter does not compile. */
export async function prepareFilters(filters: Readonly<Record<string, string | null>>): Promise<void> {
  for (const [name, filter] of Object.entries(filters)) {
    if (filter === null || filter.trim() === '') continue
    const checked = await workbench().run({ kind: 'filter', filter, input: null, context: '{}' }, 1)
    // What merely could not be tried now shows in requests.
    if (!checked.ok && checked.fault === 'bad_filter')
      throw new Error(`${name}: the jq filter cannot be used: ${checked.details.join('; ')}`)
  }
}

/** What a filter makes of a JSON text. `context`: makes `$context`, when the filter reads it; `most`: longest result. */
export function filterText(
  filter: string,
  text: string,
  context: () => unknown,
  most: number,
): Promise<Outcome> {
  const shown = filter.includes('$context') ? JSON.stringify(context()) : '{}'
  return workbench().run({ kind: 'filter', filter, input: text, context: shown }, most)
}

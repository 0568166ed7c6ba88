/** Which exporters want an event, and what each of them gets of it. Exporters with the same projection share one text. */
import type { Batch } from './batch.ts'
import { compileFilter, compileForm, type EventForm } from './exporter-rules.ts'
import type { DropReason } from './ledger.ts'
import type { Matcher } from './match.ts'
import type { ExporterRules } from './messages.ts'

/** JSON of events longer than this, in characters, is not sent. */
export const LONGEST_TEXT = 4 * 1024 * 1024

interface Selected {
  readonly id: string
  readonly accepts: Matcher
  /** Null: events are only counted. */
  readonly form: SharedForm | null
}

export class Selection {
  readonly ids: readonly string[]
  readonly #exporters: readonly Selected[]
  /** Of the event that was taken last. */
  #turn = 0

  constructor(rules: readonly ExporterRules[]) {
    const forms = new Map<string, SharedForm>()
    this.ids = rules.map(({ id }) => id)
    this.#exporters = rules.map(rule => select(rule, forms))
  }

  /**
   * Puts an event into the batch for each exporter that wants it, and counts those in `unsent` by their places. Without `room`
   * it is counted as dropped. Never throws.
   */
  take(event: unknown, batch: Batch, unsent: Int32Array, room: boolean): void {
    this.#turn++
    let wanted = false
    let carried = false
    const exporters = this.#exporters
    for (let i = 0; i < exporters.length; i++) {
      const { id, accepts, form } = exporters[i]!
      if (!accepts(event)) continue
      wanted = true
      unsent[i]!++
      const placed = form === null ? 'exporter_fault' : form.place(event, this.#turn, batch, room)
      if (typeof placed === 'number') {
        carried = true
        batch.add(id, placed)
      } else batch.drop(id, placed)
    }
    if (wanted) batch.count(carried)
  }
}

/** An exporter whose rules do not compile is known to be faulty by the events thread, too: it counts every event. */
function select(
  { id, filtering, projection, faulty }: ExporterRules,
  forms: Map<string, SharedForm>,
): Selected {
  try {
    const accepts = compileFilter(filtering)
    if (faulty) return { id, accepts, form: null }
    const text = JSON.stringify(projection)
    const form = forms.get(text) ?? new SharedForm(compileForm(projection))
    forms.set(text, form)
    return { id, accepts, form }
  } catch {
    return { id, accepts: () => true, form: null }
  }
}

/** One way to write events. */
class SharedForm {
  readonly #write: EventForm
  #turn = 0
  #placed: number | DropReason = 0

  constructor(write: EventForm) {
    this.#write = write
  }

  /** The place of the event's text in the batch, or why it has none. */
  place(event: unknown, turn: number, batch: Batch, room: boolean): number | DropReason {
    if (this.#turn === turn) return this.#placed
    this.#turn = turn
    return (this.#placed = room ? this.#place(event, batch) : 'events_thread_behind')
  }

  #place(event: unknown, batch: Batch): number | DropReason {
    try {
      const text = this.#write(event)
      // What JSON knows no text for is told by undefined.
      if (typeof text !== 'string') return 'not_json'
      return text.length > LONGEST_TEXT ? 'too_large' : batch.place(text)
    } catch {
      return 'not_json'
    }
  }
}

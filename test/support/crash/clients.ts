/** Clients that write until the door closes: one operation after the other each, all of them at once. */
import type { Asked } from './ledger.ts'
import { type Line, type Operation, Plan } from './operations.ts'

/** A way to write. Each rejects when the other side is gone; false: refused, nothing was done. */
export interface Door {
  put(line: Line): Promise<boolean>
  patch(line: Line): Promise<boolean>
  remove(id: string): Promise<boolean>
  /** `done` is called for each line that is answered, in their order. */
  bulk(lines: readonly Line[], done: (line: number) => void): Promise<void>
  import(lines: readonly Line[]): Promise<boolean>
}

/** Who is told before an operation is sent and after it is answered. */
export interface Witness {
  ask(operation: Operation): Asked
  done(asked: Asked): void
  refused(asked: Asked): void
  lineDone(asked: Asked, line: number): void
}

/** Runs `count` clients; resolves when the door has closed on all of them. Rejects with what is no closed door. */
export async function runClients(
  count: number,
  round: string,
  door: Door,
  witness: Witness,
  isClosed: (error: unknown) => boolean,
): Promise<void> {
  const client = async (number: number): Promise<void> => {
    const plan = new Plan(round, number)
    for (;;) {
      const operation = plan.next()
      const asked = witness.ask(operation)
      try {
        if (await perform(door, operation, line => witness.lineDone(asked, line))) witness.done(asked)
        else witness.refused(asked)
      } catch (error) {
        if (isClosed(error)) return
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: count }, (_, number) => client(number)))
}

async function perform(door: Door, operation: Operation, lineDone: (line: number) => void): Promise<boolean> {
  switch (operation.action) {
    case 'put':
      return door.put(operation.line)
    case 'patch':
      return door.patch(operation.line)
    case 'remove':
      return door.remove(operation.id)
    case 'import':
      return door.import(operation.lines)
    case 'bulk':
      await door.bulk(operation.lines, lineDone)
      return true
  }
}

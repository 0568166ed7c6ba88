/** Looks now and then whether the store answers, for the health of the instance. */
import type { InstanceState } from '../data-plane/instance-state.ts'
import type { Store } from '../store/contract.ts'
import type { Log } from './log.ts'

/** Milliseconds between two looks. */
const PERIOD = 5_000

/** Answers the way to stop. */
export function watchStore(store: Store, state: InstanceState, log: Log): () => void {
  const look = async (): Promise<void> => {
    const before = state.store
    try {
      await store.ping()
      state.store = 'healthy'
      if (before === 'unreachable') log('info', 'the store answers again')
    } catch (error) {
      state.store = 'unreachable'
      if (before !== 'unreachable')
        log('error', `the store does not answer: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  void look()
  const timer = setInterval(() => void look(), PERIOD)
  timer.unref()
  return () => clearInterval(timer)
}

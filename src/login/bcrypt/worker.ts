/** A thread that compares passwords with their hashes, so that no request and no login waits for the one before it to be hashed. */
import { parentPort } from 'node:worker_threads'
import { compareSync } from 'bcryptjs'

interface Question {
  readonly id: number
  readonly password: string
  readonly hash: string
}

parentPort?.on('message', ({ id, password, hash }: Question) => {
  let matches = false
  try {
    matches = compareSync(password, hash)
  } catch {
    // A hash that is none matches nothing.
  }
  parentPort?.postMessage({ id, matches })
})

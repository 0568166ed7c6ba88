/** Waits until `holds` answers something truthy, and answers it. Rejects with `what` after `patience` milliseconds. */
export async function until<T>(
  what: string,
  holds: () => T | Promise<T>,
  patience = 10_000,
): Promise<NonNullable<T>> {
  const limit = Date.now() + patience
  for (;;) {
    const found = await holds()
    if (found) return found as NonNullable<T>
    if (Date.now() > limit) throw new Error(`waited ${patience} ms in vain until ${what}`)
    await new Promise(resolve => setTimeout(resolve, 10))
  }
}

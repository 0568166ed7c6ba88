/** Transformations of texts that may take long, on a thread of their own. What is guaranteed: `workbench.ts`. */
export type { FilterJob, Job, JobFault, Outcome, RewriteJob, RewriteRule } from './job.ts'
export { Workbench, workbench } from './workbench.ts'

/** Transformations of texts that may take long, on a thread of their own. What is guaranteed: `workbench.ts`. */
export type { ConvertJob, FilterJob, Job, JobFault, Outcome, RewriteJob, RewriteRule } from './job.ts'
export { Workbench, workbench } from './workbench.ts'
export { XmlFault } from './xml/document.ts'
export { jsonToXml, UnfitForXml } from './xml/from-json.ts'
export { xmlToJson } from './xml/to-json.ts'

/** A machine that is busy with other tests may take longer than production allows. */
export const patientDeadlines = 'gate=30s,hash=60s,cache=10s,database=60s'

// An open loop: RATE requests a second for TIME, however long their answers take. The result goes to the file RESULT.
import http from 'k6/http';
import exec from 'k6/execution';
import { Counter } from 'k6/metrics';

const unexpected = new Counter('unexpected');
const wanted = Number(__ENV.STATUS);
const headers = { 'Content-Type': 'application/json', Authorization: 'Basic YmVuY2g6YmVuY2gtc2VjcmV0' };

export const options = {
  discardResponseBodies: true,
  systemTags: [],
  summaryTrendStats: ['med', 'p(99)'],
  scenarios: {
    load: {
      executor: 'constant-arrival-rate', rate: Number(__ENV.RATE), timeUnit: '1s', duration: __ENV.TIME,
      preAllocatedVUs: 100, maxVUs: 100, gracefulStop: '5s',
    },
  },
};

export default function () {
  const n = exec.scenario.iterationInTest;
  headers['Idempotency-Key'] = `${__ENV.NAME}-${n}`;
  const to = `+233202${String(n % 1000000).padStart(6, '0')}`;
  const body = `{"to":"${to}","purpose":"login","metadata":{"user_id":"12345"}}`;
  if (http.post(__ENV.TARGET, body, { headers }).status !== wanted) unexpected.add(1);
}

export function handleSummary(data) {
  return { [__ENV.RESULT]: JSON.stringify(data.metrics) };
}

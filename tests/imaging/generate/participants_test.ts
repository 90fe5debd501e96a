import { assert, assertEquals } from "@std/assert";
import { drawParticipants } from "../../../src/imaging/generate/participants.ts";

Deno.test("more participants leave the others as they were", () => {
  const few = drawParticipants("PHAN", 5, 2, 1);
  assertEquals(drawParticipants("PHAN", 9, 2, 1).slice(0, few.length), few);
  assert(JSON.stringify(drawParticipants("PHAN", 5, 2, 2)) !== JSON.stringify(few));
});

Deno.test("classes alternate, and age and sex say nothing of them", () => {
  const sessions = drawParticipants("PHAN", 500, 1, 3);
  const mean = (diagnosis: string) => {
    const ages = sessions.filter((session) => session.diagnosis === diagnosis).map(({ age }) =>
      age
    );
    assertEquals(ages.length, 500);
    return ages.reduce((sum, age) => sum + age, 0) / ages.length;
  };
  assert(Math.abs(mean("AD") - mean("CN")) < 1.5);
  for (const diagnosis of ["AD", "CN"]) {
    const women = sessions.filter((s) => s.diagnosis === diagnosis && s.sex === "F").length;
    assertEquals(women, 250);
  }
  assertEquals(sessions.slice(0, 2).map((s) => `${s.participantId} ${s.diagnosis}`), [
    "sub-PHAN0000 AD",
    "sub-PHAN0001 CN",
  ]);
});

Deno.test("sessions are a year apart, ages and cognition follow", () => {
  const [first, second, third] = drawParticipants("PHAN", 1, 3, 4);
  assertEquals([first, second, third].map(({ sessionId }) => sessionId), [
    "ses-M000",
    "ses-M012",
    "ses-M024",
  ]);
  assert(Math.abs(third.age - first.age - 2) < 1e-9);
  assert(third.mmse < first.mmse && first.mmse <= 30);
});

namespace Migration.Kubernetes;

/// <summary>Reading and replacing conditions of a list.</summary>
public static class Conditions
{
    extension(IReadOnlyList<Condition>? conditions)
    {
        /// <summary>The condition of a type, or null.</summary>
        public Condition? Find(string type) => conditions?.FirstOrDefault(condition => condition.Type == type);

        /// <summary>True when there is a condition of the type whose status is <c>True</c>.</summary>
        public bool IsTrue(string type) => conditions.Find(type)?.Status == Condition.True;

        /// <summary>
        /// The list with this condition in place of the one of its type. The transition time moves only when the status
        /// does; an equal condition gives the same list back.
        /// </summary>
        public IReadOnlyList<Condition> With(Condition next, DateTimeOffset now)
        {
            var before = conditions.Find(next.Type ?? "");
            var changed = before?.Status != next.Status;
            var placed = next with
            {
                LastTransitionTime = changed ? now : before?.LastTransitionTime ?? now,
                Unknown = next.Unknown ?? before?.Unknown,
            };
            if (before is null)
                return [.. conditions ?? [], placed];
            return placed == before ? conditions! : [.. conditions!.Select(condition => condition == before ? placed : condition)];
        }

        /// <summary>The list without the condition of a type.</summary>
        public IReadOnlyList<Condition> Without(string type) => [.. (conditions ?? []).Where(condition => condition.Type != type)];
    }
}

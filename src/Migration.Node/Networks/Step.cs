namespace Migration.Node.Networks;

/// <summary>
/// One thing that a binding wants of the kernel. Steps are asked and made in order, so a later one may rely on what an earlier one made;
/// a sequence that was cut off anywhere is finished by running it again.
/// </summary>
/// <param name="Wanted">For messages: <c>tap0 up</c>.</param>
internal sealed record Step(string Wanted, Func<bool> Holds, Action Make)
{
    public static void Ensure(IEnumerable<Step> steps)
    {
        foreach (var step in steps)
        {
            if (!step.Holds())
                step.Make();
        }
    }

    /// <summary>The first thing that is not as it should be.</summary>
    public static string? Missing(IEnumerable<Step> steps) => steps.FirstOrDefault(step => !step.Holds())?.Wanted;
}

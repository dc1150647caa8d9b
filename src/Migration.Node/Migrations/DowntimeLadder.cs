namespace Migration.Node.Migrations;

/// <summary>How long the guest may be stopped, if nobody said: little at first, more with every few passes that did not get there.</summary>
internal static class DowntimeLadder
{
    private const int FirstStep = 6, PassesPerStep = 4;
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan Longest = TimeSpan.FromMilliseconds(400);

    public static TimeSpan At(int pass)
    {
        var steps = pass < FirstStep ? 0 : 1 + (pass - FirstStep) / PassesPerStep;
        return steps > 10 || Shortest * (1 << steps) > Longest ? Longest : Shortest * (1 << steps);
    }
}

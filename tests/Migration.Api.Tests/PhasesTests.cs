namespace Migration.Api.Tests;

public sealed class PhasesTests
{
    private static readonly DateTimeOffset Noon = new(2030, 1, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_phase_is_entered_once()
    {
        var transitions = ((IReadOnlyList<PhaseTransition>?)null).Entered("Pending", Noon).Entered("Running", Noon.AddSeconds(1)).Entered("Pending", Noon.AddSeconds(2));

        Assert.Equal(["Pending", "Running"], transitions.Select(t => t.Phase));
        Assert.Equal(Noon, transitions.When("Pending"));
        Assert.Equal(Noon.AddSeconds(1), transitions.When("Running"));
        Assert.Null(transitions.When("Failed"));
    }
}

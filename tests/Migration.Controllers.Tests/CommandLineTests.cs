using Migration.Controllers.Networks;

namespace Migration.Controllers.Tests;

public sealed class CommandLineTests
{
    [Fact]
    public void Flags_are_read()
    {
        var options = CommandLine.Parse(["--certificates", "/c", "--kubeconfig=/k", "--node-port", "99", "--namespace", "n", "--identity", "i", "--launcher-image", "l:1"]);

        Assert.Equal(("/c", "/k", 99, "n", "i", "l:1"), (options.Certificates, options.Kubeconfig, options.NodePort, options.Namespace, options.Identity, options.LauncherImage));
    }

    [Theory]
    [InlineData("", MultusMode.Auto, false, "default")]
    [InlineData("--multus external", MultusMode.External, false, "default")]
    [InlineData("--multus=builtin --namespace-isolation=true --global-namespaces=infra,shared", MultusMode.BuiltIn, true, "infra shared")]
    [InlineData("--multus auto --namespace-isolation false", MultusMode.Auto, false, "default")]
    public void Who_attaches_networks_and_whose_is_said_by_flags(string arguments, MultusMode mode, bool isolated, string global)
    {
        var policy = CommandLine.Parse(["--certificates", "/c", .. arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries)]).Networks;

        Assert.Equal((mode, isolated, global), (policy.Multus, policy.IsIsolated, string.Join(' ', policy.GlobalNamespaces)));
    }

    [Fact]
    public void What_is_not_said_has_a_default()
    {
        var options = CommandLine.Parse(["--certificates", "/c"]);

        Assert.Equal((null, 7411, "migration-system", Environment.MachineName), (options.Kubeconfig, options.NodePort, options.Namespace, options.Identity));
    }

    [Theory]
    [InlineData("", "--certificates is required")]
    [InlineData("--certificates", "--certificates: a value is missing")]
    [InlineData("--certificates /c --colour red", "--colour: no such flag")]
    [InlineData("--certificates /c --certificates /d", "--certificates is given twice")]
    [InlineData("--certificates /c --node-port 0", "--node-port: '0' is not a port")]
    [InlineData("--certificates /c --node-port -1", "--node-port: '-1' is not a port")]
    [InlineData("--certificates /c --multus thick", "--multus: 'thick' is none of auto, external, builtin")]
    [InlineData("--certificates /c --namespace-isolation yes", "--namespace-isolation: 'yes' is neither true nor false")]
    [InlineData("certificates /c", "'certificates' is not a flag")]
    public void A_mistake_is_named(string arguments, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => CommandLine.Parse(arguments.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Message);
}

using System.Diagnostics;

namespace Migration.Linux.Tests;

public sealed class FileDescriptorTests
{
    [Theory]
    [InlineData(false, "")]
    [InlineData(true, "inherited")]
    public void A_child_gets_exactly_the_descriptors_that_are_inheritable(bool inheritable, string expected)
    {
        var path = Path.GetTempFileName();
        File.WriteAllText(path, "inherited");
        using var descriptor = FileDescriptor.Open(path);
        descriptor.SetInheritable(inheritable);

        var start = new ProcessStartInfo("cat", [$"/proc/self/fd/{descriptor.Number}"]) { RedirectStandardOutput = true, RedirectStandardError = true };
        using var child = Process.Start(start)!;
        Assert.Equal(expected, child.StandardOutput.ReadToEnd());
        child.WaitForExit();
        File.Delete(path);
    }

    [Fact]
    public void A_duplicate_stays_open_after_the_original_is_closed()
    {
        var original = FileDescriptor.Open("/proc/self/status");
        using var duplicate = original.Duplicate();
        original.Dispose();
        Assert.StartsWith("Name:", duplicate.ReadText(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_refusal_names_the_act_the_object_and_the_error()
    {
        var exception = Assert.Throws<LinuxException>(() => FileDescriptor.Open("/proc/absent"));
        Assert.Equal(Errno.ENOENT, exception.Errno);
        Assert.Equal("open /proc/absent: No such file or directory (ENOENT)", exception.Message);
    }
}

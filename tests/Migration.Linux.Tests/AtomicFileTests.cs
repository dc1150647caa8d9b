using System.Text;

namespace Migration.Linux.Tests;

public sealed class AtomicFileTests : IDisposable
{
    private readonly string _directory = Directory.CreateTempSubdirectory("migration-linux-").FullName;

    public void Dispose() => Directory.Delete(_directory, recursive: true);

    [Fact]
    public void A_file_is_replaced_whole_with_the_asked_rights_and_nothing_beside_it()
    {
        var path = Path.Combine(_directory, "state.json");
        AtomicFile.Write(path, "a long first content"u8);
        AtomicFile.Write(path, "short"u8);

        Assert.Equal("short", File.ReadAllText(path));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_directory));
    }

    [Fact]
    public void What_a_crash_left_is_taken_over_by_the_next_write()
    {
        var path = Path.Combine(_directory, "state.json");
        File.WriteAllText(Path.Combine(_directory, ".state.json.new"), new string('x', 10_000));
        AtomicFile.Write(path, "new"u8);

        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_directory));
    }

    [Fact]
    public async Task A_reader_never_sees_half_a_file()
    {
        var path = Path.Combine(_directory, "state.json");
        var contents = new[] { new string('a', 50_000), new string('b', 70_000) };
        AtomicFile.Write(path, Encoding.UTF8.GetBytes(contents[0]));
        var writer = Task.Factory.StartNew(() =>
        {
            for (var round = 0; round < 200; round++)
                AtomicFile.Write(path, Encoding.UTF8.GetBytes(contents[round % 2]));
        }, TaskCreationOptions.LongRunning);

        do
            Assert.Contains(File.ReadAllText(path), contents);
        while (!writer.IsCompleted);
        await writer;
    }

    [Fact]
    public void Deleting_says_whether_there_was_something()
    {
        var path = Path.Combine(_directory, "state.json");
        Assert.False(AtomicFile.Delete(path));
        AtomicFile.Write(path, "x"u8);
        Assert.True(AtomicFile.Delete(path));
        Assert.False(File.Exists(path));
    }
}

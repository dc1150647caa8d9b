using Migration.Launcher;
using Migration.Linux;

if (args is [QemuStart.Verb, ..])
    return QemuStart.Run(args);

try
{
    var options = LauncherOptions.Parse(args);
    ProcessImage.KeepFilesPrivate();
    ProcessImage.KeepDescriptors();
    using var launcher = new Launcher(options, TimeProvider.System);
    return launcher.Run();
}
catch (Exception refused) when (refused is ArgumentException or LinuxException or IOException or UnauthorizedAccessException)
{
    Log.Write(refused.Message);
    return 2;
}

using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace Migration.Kubernetes;

/// <summary>One kubeconfig file. Paths in it are relative to its directory.</summary>
internal sealed record KubeconfigFile(string Path, KubeconfigEntry Root)
{
    public static KubeconfigFile Read(string path)
    {
        try
        {
            var yaml = new YamlStream();
            using var text = File.OpenText(path);
            yaml.Load(text);
            if (yaml.Documents is not [{ RootNode: YamlMappingNode root }, ..])
                throw new KubeconfigException($"{path}: not a YAML mapping");
            return new KubeconfigFile(path, new KubeconfigEntry(path, "", root));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or YamlException)
        {
            throw new KubeconfigException($"{path}: {e.Message}", e);
        }
    }
}

using System.Text;
using System.Text.Json.Nodes;

namespace Migration.Local.ApiServer;

/// <summary><c>stringData</c> is a convenience of writers: it is stored in <c>data</c>.</summary>
internal static class SecretRules
{
    public static KindRules Rules { get; } = new()
    {
        Default = tree =>
        {
            tree["type"] ??= "Opaque";
            if (!tree.Remove("stringData", out var plain) || plain is not JsonObject texts)
                return;
            foreach (var (name, value) in texts)
                tree.Child("data")[name] = Convert.ToBase64String(Encoding.UTF8.GetBytes(JsonTree.AsText(value) ?? ""));
        },
        Validate = (before, tree, errors) =>
        {
            if (before is not null && before.TextAt("type") != tree.TextAt("type"))
                errors.Add(FieldError.Invalid("type", tree.TextAt("type"), "field is immutable"));
        },
    };
}

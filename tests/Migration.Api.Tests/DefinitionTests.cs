using System.Collections;
using System.Reflection;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Migration.Kubernetes;

namespace Migration.Api.Tests;

/// <summary>deploy/crds is the contract: it has every field that KubeVirt's objects have, and the records mirror it.</summary>
public sealed partial class DefinitionTests
{
    public static TheoryData<string> Definitions() =>
        [.. Directory.EnumerateFiles(Path.Combine(RepositoryFiles.Root, "deploy/crds"), "*.yaml").Select(file => Path.GetFileNameWithoutExtension(file)).Order()];

    [Fact]
    public void Every_published_field_is_in_the_definitions()
    {
        var missing = new List<string>();
        JsonObject? schema = null;
        var definition = "";
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.RequireCompatibility(), "fields.txt")))
        {
            if (Heading().Match(line) is { Success: true } heading)
            {
                definition = $"{heading.Groups["plural"].Value}/{heading.Groups["version"].Value}";
                schema = RepositoryFiles.Schema(heading.Groups["plural"].Value, heading.Groups["version"].Value);
            }
            else if (Field().Match(line) is { Success: true } field && Fault(schema!, field) is { } fault)
            {
                missing.Add($"{definition}: {line}: {fault}");
            }
        }

        Assert.Empty(missing);
    }

    [Fact]
    public void Every_published_printer_column_is_in_the_definitions()
    {
        var missing = new List<string>();
        JsonArray columns = [];
        foreach (var line in File.ReadLines(Path.Combine(RepositoryFiles.RequireCompatibility(), "fields.txt")))
        {
            if (Heading().Match(line) is { Success: true } heading)
                columns = Version(heading.Groups["plural"].Value, heading.Groups["version"].Value)["additionalPrinterColumns"]?.AsArray() ?? [];
            else if (Column().Match(line) is { Success: true } column && !columns.Any(c =>
                (string?)c!["name"] == column.Groups["name"].Value && (string?)c["jsonPath"] == column.Groups["path"].Value && (string?)c["type"] == column.Groups["type"].Value))
                missing.Add(line);
        }

        Assert.Empty(missing);
    }

    [Theory]
    [InlineData(typeof(VirtualMachineInstance), "virtualmachineinstances", "v1")]
    [InlineData(typeof(VirtualMachineInstance), "virtualmachineinstances", "v1alpha3")]
    [InlineData(typeof(VirtualMachineInstanceMigration), "virtualmachineinstancemigrations", "v1")]
    [InlineData(typeof(VirtualMachineInstanceMigration), "virtualmachineinstancemigrations", "v1alpha3")]
    [InlineData(typeof(MigrationPolicy), "migrationpolicies", "v1alpha1")]
    [InlineData(typeof(NetworkAttachmentDefinition), "network-attachment-definitions", "v1")]
    public void Every_property_of_a_record_is_a_field_of_its_definition(Type record, string plural, string version)
    {
        var schema = RepositoryFiles.Schema(plural, version);

        Assert.Empty(Mismatches(record, schema, ""));
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void A_definition_is_structural(string plural)
    {
        foreach (var version in Crd(plural)["spec"]!["versions"]!.AsArray())
            Assert.Empty(Unstructured((JsonObject)version!["schema"]!["openAPIV3Schema"]!, plural, isRoot: true));
    }

    [Theory]
    [MemberData(nameof(Definitions))]
    public void Exactly_one_version_of_a_definition_is_stored(string plural)
    {
        var versions = Crd(plural)["spec"]!["versions"]!.AsArray();

        Assert.Single(versions, version => (bool)version!["storage"]!);
        Assert.All(versions, version => Assert.True((bool)version!["served"]!));
    }

    private static string? Fault(JsonObject schema, Match field)
    {
        var path = field.Groups["path"].Value;
        if (SchemaWalk.At(schema, path) is not { } found)
            return "not there";
        var (type, format) = (field.Groups["type"].Value, field.Groups["format"].Value);
        if (type == "int-or-string" ? (bool?)found["x-kubernetes-int-or-string"] != true : (string?)found["type"] != type)
            return $"is of another type: {found["type"]}";
        if (format.Length > 0 && (string?)found["format"] != format)
            return $"has format {found["format"]}";
        if (field.Groups["enum"].Success && !found["enum"]!.AsArray().Select(v => (string?)v).SequenceEqual(field.Groups["enum"].Value.Split('|')))
            return $"allows {found["enum"]}";
        return field.Groups["required"].Success && !IsRequired(schema, path) ? "is not required" : null;
    }

    private static bool IsRequired(JsonObject schema, string path)
    {
        var holder = path.Contains('.', StringComparison.Ordinal) ? SchemaWalk.At(schema, path[..path.LastIndexOf('.')])! : schema;
        var name = path[(path.LastIndexOf('.') + 1)..].TrimEnd('[', ']');
        return holder["required"]?.AsArray().Any(required => (string?)required == name) == true;
    }

    private static IEnumerable<string> Mismatches(Type record, JsonObject schema, string path)
    {
        foreach (var property in record.GetProperties(BindingFlags.Public | BindingFlags.Instance))
        {
            if (property.GetCustomAttribute<JsonIgnoreAttribute>() is not null || property.GetCustomAttribute<JsonExtensionDataAttribute>() is not null || property.Name == "EqualityContract")
                continue;
            var name = property.GetCustomAttribute<JsonPropertyNameAttribute>()?.Name ?? char.ToLowerInvariant(property.Name[0]) + property.Name[1..];
            var at = $"{path}.{name}";
            if (at == ".metadata")
                continue;
            if (schema["properties"]?[name] is not JsonObject field)
            {
                yield return $"{at}: not in the definition";
                continue;
            }
            foreach (var mismatch in TypeMismatches(Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType, field, at))
                yield return mismatch;
        }
    }

    private static IEnumerable<string> TypeMismatches(Type type, JsonObject field, string at)
    {
        var declared = (bool?)field["x-kubernetes-int-or-string"] == true ? "quantity" : (string?)field["type"];
        if (type == typeof(System.Text.Json.JsonElement))
            return [];
        if (type == typeof(Quantity))
            return Expect("quantity");
        if (type == typeof(string))
            return Expect("string");
        if (type == typeof(bool))
            return Expect("boolean");
        if (type == typeof(int) || type == typeof(long))
            return Expect("integer");
        if (type == typeof(DateTimeOffset))
            return (string?)field["format"] == "date-time" ? [] : [$"{at}: is no date-time"];
        if (type.IsGenericType && type.GetGenericArguments() is [_, var value])
            return field["additionalProperties"] is JsonObject values ? TypeMismatches(value, values, at + "{}") : [$"{at}: is no map"];
        if (typeof(IEnumerable).IsAssignableFrom(type))
            return field["items"] is JsonObject items ? TypeMismatches(type.GetGenericArguments()[0], items, at + "[]") : [$"{at}: is no list"];
        // Kubernetes's own records serve several kinds, and know more than one of them has.
        return type.Assembly == typeof(KubernetesObject).Assembly ? Expect("object") : [.. Expect("object"), .. Mismatches(type, field, at)];

        IEnumerable<string> Expect(string expected) => declared == expected ? [] : [$"{at}: is {declared} in the definition, {type.Name} in the record"];
    }

    // What the API server demands of structural schemas, as far as ours use it.
    private static IEnumerable<string> Unstructured(JsonObject schema, string at, bool isRoot = false)
    {
        var isIntOrString = (bool?)schema["x-kubernetes-int-or-string"] == true;
        if (schema["type"] is null && !isIntOrString)
            yield return $"{at}: no type";
        if (isIntOrString && schema["type"] is not null)
            yield return $"{at}: an int-or-string has no type";
        if (schema["properties"] is not null && schema["additionalProperties"] is not null)
            yield return $"{at}: properties and additionalProperties exclude each other";
        if ((string?)schema["type"] == "array" && schema["items"] is null)
            yield return $"{at}: no items";
        if (isRoot && (string?)schema["type"] != "object")
            yield return $"{at}: the root is an object";
        var parts = (schema["properties"] as JsonObject ?? []).Select(pair => (pair.Value, $"{at}.{pair.Key}"))
            .Append((schema["items"], at + "[]"))
            .Append((schema["additionalProperties"], at + "{}"));
        foreach (var (part, where) in parts)
        {
            foreach (var fault in part is JsonObject inner ? Unstructured(inner, where) : [])
                yield return fault;
        }
    }

    private static JsonObject Crd(string plural) => RepositoryFiles.Documents(Path.Combine(RepositoryFiles.Root, "deploy/crds", plural + ".yaml")).Single();

    private static JsonObject Version(string plural, string version) =>
        (JsonObject)Crd(plural)["spec"]!["versions"]!.AsArray().Single(v => (string?)v!["name"] == version)!;

    [GeneratedRegex(@"^# \S+/(?<version>\S+) \S+ plural=(?<plural>\S+) ")]
    private static partial Regex Heading();

    [GeneratedRegex(@"^# column (?<name>\S+) (?<path>\S.*) (?<type>\S+)$")]
    private static partial Regex Column();

    [GeneratedRegex(@"^(?<path>[^#]\S*) (?<type>[a-z-]+)(/(?<format>\S+))?( \[(?<enum>.*)\])?(?<required> required)?$")]
    private static partial Regex Field();
}

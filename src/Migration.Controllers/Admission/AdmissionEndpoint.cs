namespace Migration.Controllers.Admission;

/// <summary>One place that the API server asks at: what it asks about there, and what answers.</summary>
/// <param name="Path">Of the URL, with a leading slash.</param>
/// <param name="IsMutating">Whether the answer may change the object.</param>
public sealed record AdmissionEndpoint(string Path, bool IsMutating, Func<AdmissionRequest, CancellationToken, Task<AdmissionResponse>> AnswerAsync)
{
    public required string Group { get; init; }

    public required IReadOnlyList<string> Versions { get; init; }

    /// <summary>As rules write it: <c>pods/eviction</c>.</summary>
    public required string Resource { get; init; }

    public bool IsNamespaced { get; init; } = true;

    public IReadOnlyList<string> Operations { get; init; } = [AdmissionOperation.Create, AdmissionOperation.Update];

    /// <summary>Whether nothing of the kind can be written while nobody answers here.</summary>
    public bool IsRequired { get; init; }

    /// <summary>Whether answering may write something, dry runs excepted.</summary>
    public bool HasSideEffects { get; init; }

    /// <summary>A CEL expression: requests for which it is false never come here.</summary>
    public string? Condition { get; init; }

    /// <summary>Whether the request is one that is to be asked here.</summary>
    public bool Answers(AdmissionRequest request)
    {
        var resource = string.IsNullOrEmpty(request.SubResource) ? request.Resource?.Resource : $"{request.Resource?.Resource}/{request.SubResource}";
        return (request.Resource?.Group ?? "") == Group && resource == Resource && Operations.Contains(request.Operation ?? "");
    }

    public override string ToString() => $"{(IsMutating ? "defaults" : "rules")} of {Resource}";
}

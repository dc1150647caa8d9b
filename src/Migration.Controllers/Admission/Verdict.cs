using System.Net;
using Migration.Api;

namespace Migration.Controllers.Admission;

/// <summary>What a rule says of a <see cref="Proposal{T}"/>.</summary>
public sealed record Verdict
{
    public static readonly Verdict Allowed = new();

    /// <summary>Why not: 422, with every field named. Empty: nothing is wrong.</summary>
    public IReadOnlyList<FieldError> Errors { get; private init; } = [];

    /// <summary>Why not, where it is about no field; null where nothing is wrong.</summary>
    public string? Message { get; private init; }

    /// <summary>HTTP status of a refusal with a <see cref="Message"/>.</summary>
    public HttpStatusCode Code { get; private init; } = HttpStatusCode.UnprocessableEntity;

    /// <summary>For the user's eyes, refused or not.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    public bool IsAllowed => Errors.Count == 0 && Message is null;

    /// <summary>Refuses when there is an error.</summary>
    public static Verdict Of(IEnumerable<FieldError> errors) => new() { Errors = [.. errors] };

    /// <summary>The same, of errors written as "path: message".</summary>
    public static Verdict Of(IEnumerable<string> errors) => Of(errors.Select(FieldError.Parse));

    /// <summary>Refuses for a reason that no field bears.</summary>
    public static Verdict Refused(HttpStatusCode code, string message) => new() { Code = code, Message = message };
}

using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;
using Petrel.Model.Apply;
using Petrel.Model.Documents;

namespace Petrel.ApiServer.Requests;

/// <summary>
/// Who writes and how: the caller and the validated query parameters of create, update and patch (meta/v1 CreateOptions, UpdateOptions,
/// PatchOptions). It lives as long as one request and collects the warnings for the client.
/// </summary>
internal sealed class WriteCall
{
    private readonly List<string> _warnings = [];

    public required UserInfo User { get; init; }

    /// <summary>Whether to run everything but the commit.</summary>
    public bool DryRun { get; init; }

    /// <summary>What happens with unknown and duplicate fields.</summary>
    public FieldValidation Validation { get; init; } = FieldValidation.Ignore;

    /// <summary>The <c>fieldManager</c> parameter; empty when unstated.</summary>
    public string FieldManager { get; init; } = "";

    public string UserAgent { get; init; } = "";

    /// <summary>The subresource that the request names, or empty.</summary>
    public string Subresource { get; init; } = "";

    /// <summary>The managers after an apply, which computes them itself; null for other writes.</summary>
    public ManagedFields? Applied { get; set; }

    /// <summary>
    /// The top-level members that a patch mentions; null for other writes, and for patches of which that is not known.
    /// </summary>
    public IReadOnlySet<string>? PatchedMembers { get; set; }

    /// <summary>Warnings from decoding the body. Each attempt at a patch replaces them.</summary>
    public IReadOnlyList<string> BodyWarnings { get; set; } = [];

    /// <summary>All warnings for the client, each once, in order.</summary>
    public IReadOnlyList<string> Warnings => [.. BodyWarnings.Concat(_warnings).Distinct()];

    /// <summary>A write of the server's own.</summary>
    public static WriteCall OfServer(string component) => new() { User = UserInfo.ControlPlane(component), FieldManager = component };

    /// <exception cref="StatusException">A parameter is not what it may be.</exception>
    public static WriteCall Read(ApiRequest request, string optionsKind, string subresource = "")
    {
        var errors = new FieldErrors();
        var dryRun = ReadDryRun(request.Query.Where(q => q.Key == "dryRun").Select(q => q.Value), errors);
        if (request.QueryValue("fieldValidation") is { Length: > 0 } validation && validation is not ("Ignore" or "Warn" or "Strict"))
        {
            errors.NotSupported("fieldValidation", validation, "", "Ignore", "Strict", "Warn");
        }
        var manager = request.QueryValue("fieldManager") ?? "";
        if (manager.Length > 128)
        {
            errors.TooLong("fieldManager", 128);
        }
        else if (manager.Any(char.IsControl))
        {
            errors.Invalid("fieldManager", manager, "should only contain printable characters");
        }
        if (errors.Any)
        {
            throw StatusErrors.Invalid(new GroupVersionKind("meta.k8s.io", "v1", optionsKind), "", errors.All);
        }
        return new WriteCall
        {
            User = request.User,
            DryRun = dryRun,
            Validation = BodyDecoder.ValidationOf(request),
            FieldManager = manager,
            UserAgent = request.UserAgent,
            Subresource = subresource,
        };
    }

    public static bool ReadDryRun(IEnumerable<string> values, FieldErrors errors)
    {
        var dryRun = false;
        foreach (var value in values)
        {
            if (value == "All")
            {
                dryRun = true;
            }
            else
            {
                errors.NotSupported("dryRun", value, "All");
            }
        }
        return dryRun;
    }

    /// <summary>Adds a warning to the response.</summary>
    public void Warn(string text) => _warnings.Add(text);

    /// <summary>Adds warnings to the response.</summary>
    public void Warn(IEnumerable<string> texts) => _warnings.AddRange(texts);

    /// <summary>Begins another attempt: warnings of the previous one are dropped, since it would repeat them.</summary>
    public void BeginAttempt() => _warnings.Clear();
}

using Petrel.ApiServer.Errors;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Requests;

/// <summary>The query parameters of create, update and patch, checked (meta/v1 CreateOptions, UpdateOptions, PatchOptions).</summary>
/// <param name="DryRun">Everything but the commit.</param>
/// <param name="Validation">What happens with unknown and duplicate fields.</param>
internal sealed record WriteOptions(bool DryRun, FieldValidation Validation)
{
    public static WriteOptions Read(ApiRequest request, string optionsKind)
    {
        var errors = new FieldErrors();
        var dryRun = ReadDryRun(request.Query.Where(q => q.Key == "dryRun").Select(q => q.Value), errors);
        if (request.QueryValue("fieldValidation") is { Length: > 0 } validation && validation is not ("Ignore" or "Warn" or "Strict"))
        {
            errors.NotSupported("fieldValidation", validation, "", "Ignore", "Strict", "Warn");
        }
        if (request.QueryValue("fieldManager") is { } manager)
        {
            if (manager.Length > 128)
            {
                errors.TooLong("fieldManager", 128);
            }
            else if (manager.Any(char.IsControl))
            {
                errors.Invalid("fieldManager", manager, "should only contain printable characters");
            }
        }
        if (errors.Any)
        {
            throw StatusErrors.Invalid(new GroupVersionKind("meta.k8s.io", "v1", optionsKind), "", errors.All);
        }
        return new(dryRun, BodyDecoder.ValidationOf(request));
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
}

using System.Text.Json.Nodes;
using Petrel.ApiServer.Kinds;
using Petrel.Model;
using Petrel.Store;

namespace Petrel.ApiServer.Errors;

/// <summary>The API's refusals in upstream's words (apimachinery api/errors), which clients and people search for.</summary>
public static class StatusErrors
{
    public static StatusException BadRequest(string message) => new(400, "BadRequest", message);

    public static StatusException Unauthorized() => new(401, "Unauthorized", "Unauthorized");

    /// <summary>Access denied to a resource, or to the object <paramref name="name"/> of it.</summary>
    public static StatusException Forbidden(string group, string resource, string name, string why, JsonArray? causes = null)
    {
        var qualified = Qualified(group, resource);
        var message = name.Length == 0 ? $"{qualified} is forbidden: {why}" : $"{qualified} \"{name}\" is forbidden: {why}";
        if (qualified.Length == 0)
        {
            message = $"forbidden: {why}";
        }
        return new(403, "Forbidden", message, Details(group, resource, name, causes));
    }

    public static StatusException Forbidden(KindDefinition kind, string name, string why, JsonArray? causes = null) =>
        Forbidden(kind.Gvk.Group, kind.Plural, name, why, causes);

    public static StatusException NotFound(KindDefinition kind, string name) => NotFound(kind.Gvk.Group, kind.Plural, name);

    public static StatusException NotFound(string group, string resource, string name) =>
        new(404, "NotFound", $"{Qualified(group, resource)} \"{name}\" not found", Details(group, resource, name));

    /// <summary>There is no such resource, subresource or path.</summary>
    public static StatusException NoSuchResource() =>
        new(404, "NotFound", "the server could not find the requested resource", new JsonObject());

    public static StatusException MethodNotAllowed(string why = "the server does not allow this method on the requested resource") =>
        new(405, "MethodNotAllowed", why, new JsonObject());

    public static StatusException NotAcceptable(IEnumerable<string> accepted) =>
        new(406, "NotAcceptable", $"only the following media types are accepted: {string.Join(", ", accepted)}");

    public static StatusException AlreadyExists(KindDefinition kind, string name) =>
        new(409, "AlreadyExists", $"{Qualified(kind)} \"{name}\" already exists", Details(kind.Gvk.Group, kind.Plural, name));

    public static StatusException Conflict(KindDefinition kind, string name, string why) =>
        Conflict(kind.Gvk.Group, kind.Plural, name, why);

    public static StatusException Conflict(string group, string resource, string name, string why) =>
        new(
            409,
            "Conflict",
            $"Operation cannot be fulfilled on {Qualified(group, resource)} \"{name}\": {why}",
            Details(group, resource, name)
        );

    /// <summary>The write was based on an older version.</summary>
    public static StatusException Modified(KindDefinition kind, string name) =>
        Conflict(kind, name, "the object has been modified; please apply your changes to the latest version and try again");

    /// <summary>The revision has left the watch window.</summary>
    public static StatusException TooOld(long asked, long oldest) => new(410, "Expired", $"too old resource version: {asked} ({oldest})");

    /// <summary>
    /// A continue token whose revision is compacted. <paramref name="inconsistent"/> goes on with the objects as they are by then.
    /// </summary>
    public static StatusException ContinueExpired(string inconsistent) =>
        new(
            410,
            "Expired",
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
                + "the continue parameter, or use "
                + "the continue token in this response to retrieve the remainder of the results. Continuing with the provided "
                + "token results in an inconsistent list "
                + "- objects that were created, modified, or deleted between the time the first chunk was returned and now may "
                + "show up in the list."
        )
        {
            Continue = inconsistent,
        };

    /// <summary>An exact revision that is compacted.</summary>
    public static StatusException RevisionCompacted() => new(410, "Expired", "The resourceVersion for the provided list is too old.");

    public static StatusException RequestEntityTooLarge(long limit) =>
        new(413, "RequestEntityTooLarge", $"Request entity too large: limit is {limit}");

    public static StatusException UnsupportedMediaType(IEnumerable<string> accepted) =>
        new(
            415,
            "UnsupportedMediaType",
            $"the body of the request was in an unknown format - accepted media types include: {string.Join(", ", accepted)}"
        );

    public static StatusException Invalid(KindDefinition kind, string name, IReadOnlyList<FieldError> errors) =>
        Invalid(kind.Gvk, name, errors);

    public static StatusException Invalid(GroupVersionKind kind, string name, IReadOnlyList<FieldError> errors)
    {
        var causes = new JsonArray();
        foreach (var error in errors)
        {
            causes.Add(
                (JsonNode)
                    new JsonObject
                    {
                        ["reason"] = error.Reason,
                        ["message"] = error.Message,
                        ["field"] = error.Field,
                    }
            );
        }
        var texts = errors.Select(e => e.ToString()).Distinct().ToArray();
        var what = texts.Length == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        return new(
            422,
            "Invalid",
            $"{Qualified(kind.Group, kind.Kind)} \"{name}\" is invalid: {what}",
            Details(kind.Group, kind.Kind, name, causes)
        );
    }

    /// <summary>A patch that is well formed but does not apply.</summary>
    public static StatusException PatchDoesNotApply(string why) =>
        new(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
            new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["reason"] = "UnexpectedServerResponse", ["message"] = why }) }
        );

    public static StatusException TooManyRequests(string message, int retryAfterSeconds) =>
        new(429, "TooManyRequests", message, new JsonObject { ["retryAfterSeconds"] = retryAfterSeconds });

    public static StatusException InternalError(string why) =>
        new(
            500,
            "InternalError",
            $"Internal error occurred: {why}",
            new JsonObject { ["causes"] = new JsonArray(new JsonObject { ["message"] = why }) }
        );

    public static StatusException ServiceUnavailable(string why) => new(503, "ServiceUnavailable", why);

    /// <summary>The stored object can't be read. It can be deleted by its name.</summary>
    public static StatusException Unreadable(KindDefinition kind, string name, string problem) =>
        new(
            500,
            "StorageReadError",
            $"{Qualified(kind)} \"{name}\" can't be read from the store: {problem}",
            Details(kind.Gvk.Group, kind.Plural, name)
        );

    /// <summary>
    /// The store's disk is full or fails. Upstream has no reason of its own for 507. There is no Retry-After header, because clients would
    /// wait and try again instead of telling their user.
    /// </summary>
    public static StatusException NotWritten(StoreWriteException failure) =>
        failure.Fault == StoreFault.NoSpace
            ? new(507, "InsufficientStorage", failure.Message, new JsonObject())
            : ServiceUnavailable(failure.Message);

    /// <summary>The request exceeded its time limit. Whether it took effect is unknown.</summary>
    public static StatusException Timeout() =>
        new(504, "Timeout", "Timeout: request did not complete within the allotted timeout", new JsonObject());

    /// <summary>The asked-for revision is not committed yet.</summary>
    public static StatusException TooLargeResourceVersion(long asked, long current)
    {
        var cause = new JsonObject { ["reason"] = "ResourceVersionTooLarge", ["message"] = "Too large resource version" };
        return new(
            504,
            "Timeout",
            $"Timeout: Too large resource version: {asked}, current: {current}",
            new JsonObject { ["causes"] = new JsonArray(cause), ["retryAfterSeconds"] = 1 }
        );
    }

    /// <summary><c>deployments.apps</c>, or only the resource for the core group.</summary>
    public static string Qualified(string group, string resource) => group.Length == 0 ? resource : $"{resource}.{group}";

    private static string Qualified(KindDefinition kind) => Qualified(kind.Gvk.Group, kind.Plural);

    private static JsonObject Details(string group, string resource, string name, JsonArray? causes = null)
    {
        var details = new JsonObject();
        if (name.Length > 0)
        {
            details["name"] = name;
        }
        if (group.Length > 0)
        {
            details["group"] = group;
        }
        if (resource.Length > 0)
        {
            details["kind"] = resource;
        }
        if (causes is not null)
        {
            details["causes"] = causes;
        }
        return details;
    }
}

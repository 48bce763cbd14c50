using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>Refuses bodies that are too large, before anything reads them.</summary>
internal sealed class BodySizeStage(int maxBytes) : IRequestStage
{
    /// <inheritdoc/>
    public ValueTask<ApiResponse?> EnterAsync(RequestContext context) =>
        context.Request.Body.Length > maxBytes ? throw StatusErrors.RequestEntityTooLarge(maxBytes) : default;
}

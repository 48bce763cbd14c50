using Petrel.ApiServer.Errors;
using Petrel.Model.Api;

namespace Petrel.ApiServer.Pipeline;

/// <summary>
/// Reads the request's body, and refuses what is too large. Comes after authorization and seats, so that nobody fills the memory with
/// bodies whom the server does not serve.
/// </summary>
internal sealed class ReadBodyStage(int maxBytes) : IRequestStage
{
    /// <inheritdoc/>
    public async ValueTask<ApiResponse?> EnterAsync(RequestContext context)
    {
        if (context.BodyLength > maxBytes)
        {
            throw StatusErrors.RequestEntityTooLarge(maxBytes);
        }
        if (await context.ReadBodyAsync() is { } refusal)
        {
            return refusal;
        }
        return context.Request.Body.Length > maxBytes ? throw StatusErrors.RequestEntityTooLarge(maxBytes) : null;
    }
}

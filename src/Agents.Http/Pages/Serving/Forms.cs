using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Holdfast.Agents.Http.Pages.Serving;

/// <summary>What a form of ours has sent.</summary>
internal static class Forms
{
    private const int MostFields = 200;

    /// <exception cref="ProblemException">No form, too large, or not UTF-8.</exception>
    public static async Task<IFormCollection> ReadAsync(HttpContext http, long limit)
    {
        if (http.Request.ContentType?.StartsWith("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase) != true)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status415UnsupportedMediaType, "This takes the form of its own page. Open it and decide there; programs use /api."));
        }

        if (http.Request.ContentLength > limit)
        {
            throw RequestBody.TooLarge(limit);
        }

        try
        {
            http.Features.Set<IFormFeature>(new FormFeature(http.Request, new FormOptions { BufferBodyLengthLimit = limit, ValueCountLimit = MostFields, ValueLengthLimit = (int)limit, KeyLengthLimit = 500 }));
            return await http.Request.ReadFormAsync(http.RequestAborted);
        }
        catch (InvalidDataException e)
        {
            throw new ProblemException(Problem.Of(StatusCodes.Status400BadRequest, $"The form cannot be read: {e.Message}"));
        }
    }
}

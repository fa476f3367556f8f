namespace Holdfast.Agents.Wording;

/// <summary>What is known of a currency beside its ISO 4217 code.</summary>
internal static class Currency
{
    /// <summary>Digits after the point (ISO 4217, "minor unit").</summary>
    public static int Decimals(string code) => code switch
    {
        "BIF" or "CLP" or "DJF" or "GNF" or "ISK" or "JPY" or "KMF" or "KRW" or "PYG" or "RWF" or "UGX" or "UYI" or "VND" or "VUV" or "XAF" or "XOF" or "XPF" => 0,
        "BHD" or "IQD" or "JOD" or "KWD" or "LYD" or "OMR" or "TND" => 3,
        "CLF" or "UYW" => 4,
        _ => 2,
    };

    /// <summary>A sign that means this currency and no other, wherever it is read; null where there is none.</summary>
    public static string? Sign(string code) => code switch { "EUR" => "€", "USD" => "US$", "ILS" => "₪", "INR" => "₹", "KRW" => "₩", "VND" => "₫", "UAH" => "₴", "TRY" => "₺", _ => null };
}

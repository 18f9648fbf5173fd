/// Private keys in PEM that are in no use, made by `openssl`.
public enum PrivateKeys {
    /// Of 2,048 bits.
    public static let rsa = """
        -----BEGIN PRIVATE KEY-----
        MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQCu1UCIstLnjNuM
        cXFVATg4/aY3oEXTBJUBCysO7SCBtaYBBqMA9RSnDI95dbw4CyohcPAMudhS4r1J
        j9vhHQPv9cQBrH9xfC5ScRp5Qdf85EjZqwGHUW0oK6sCYezibsDw+5mQHqS821Mp
        YMF2Hlk6FjMHnCFczEynQciYuPjqfOxya6eI22gMalUy6C73PDxj1NYqonlbzgeu
        UeY/eKTI+fDNipB8xQI910/rXMLdCuTDk+jyVCAix8NXDg4bT9pKX4X2fzdFczLH
        nNPiE4Ta87HAfpZ9oNEMqJKAPkbaNvPLFhWpkh1gxwJLOSVi2nDuN23SUgUmoDcV
        dp97xQpJAgMBAAECggEAHHCdNFTJQRhlQyCAZpWxtHedI9GtuhNgkmW42znl/qOd
        aET7nCAXUXXrcD8fieBVufs6BAqb7skVMJO3GWn+ZiOiVFa1ToZ8WeCDMB7ECKPc
        A+iGRvcPHNM/A2le6ZX0SzR/uPV7J9Y9CMSarou7nlrWceegd7eAxU51V/6dozW/
        wKLxtT7tzOL8xsX/dMIhTIaa9OIYNW9QLdTEUmsnN9eSEjUTPe7fJUohDOU6rPJp
        SiQttI2IWqBVBZdg6Yj14Yj6VMjBzNPLntmCUvIIGm2IbN0Vy258CUUZ5SzwOA3k
        +SFLB1dwQKGHhDYypv4Ik+vo7SVpZQQ7ZVsb5KaCfwKBgQDjY+2W79DFOxiZ6/kz
        qpXO7EivXizGxc3TZJIktYBLICFf9oHQlZ5jM6aNFhyS+3tNgtNh0IwgIIm25f65
        YFnYCk0J2TT64lDy0W4fm3qt0B2zAXv7OQgmf01U2/LymKeDjHAcICUPO8HQXN77
        We0WrrRE5S1YjwaDD9QV8jCVowKBgQDE1H3z126wiqVNJIENUKuUv6xXcg+ju61H
        uSa5gpYwdACLtN0t06xpm1G6GHwbKVqk6kcMkkXnMwpkjkAPwTIIGPtyivrXqofR
        kuSdkovIoJ5aKaDUSWd/AJN80ln3uL8sAb6g4InWNFBbSrm/a4VHJpZGIxCL0/dk
        fg6AmCRnIwKBgQC8Ju9tOTpyOJf+pPcq/TfAZFswYKiEQSAyjsEuhtCFWSzEjuCT
        i3nnc9GYZHd4V4aLeHkYMsv/uWy6Xk0LbuJolP1x7Lyd6643fXu1w50bPV2VxOCl
        22cXE7cVRHoeqpnRi98oJqEDndqdYntPV/WKEz0u1MNUx+QHho1jK2dwKQKBgAcM
        gRI5ddpWrMLNet2qNOrXzmk3SX4Ym4UFCXD9Tzme/eIC8STR/sutZ0jd1Zv3aCqd
        xTubBWvZNRcSzRKDXbJSira4aXFNxx1nQE6wT9c4gVNDSGIx2sX+lEmVEum/MQF3
        coc6Y1VLfFE4pNxJEnXQ2PLcEJyhU6vCo+xRBoS3AoGAc6QYCj4fgjsShhKf88Lc
        eGsDMPymP46r/tnEOw1lP3A5hdnyR8H+P0kMRlLHYnRE/hl24m1UixEXoGFdYOgA
        zPsMWzcIZfWXQd+g7ViL8op1eVH17XWrNkU+hDPpCEADbTWNe4DuTQ8INEg60x6l
        TQO2LM3I0J/VHKp2moOiQmo=
        -----END PRIVATE KEY-----
        """

    /// Of 1,024 bits.
    public static let shortRSA = """
        -----BEGIN PRIVATE KEY-----
        MIICdQIBADANBgkqhkiG9w0BAQEFAASCAl8wggJbAgEAAoGBAKVCbmMycdXOtw53
        CEvnGy9SF12vmdoyVBtKRF4fi4oY3gwqsjbzLIFxYoHsBnefTVkFVdZqGyzGiqCc
        tPMs5nwVjAVpSGv1rniCHauEqbTEnH4r9KxeOgfH+zDL3Ds6NoIK+aa9SFebnS3Z
        OcPLnfOqgySlPSe0g3+s+VQlCTipAgMBAAECgYBalEPO6SpNx2S8b+/DMqPK1xLp
        jcMlPmqtHpLEiEPCaIjkYE6YIccmF9CnZ4fP7yfFAFChGj1U2GnJSLtBgj29qc8A
        V186A/3oMIAdxH4C5jgcbuteWpDtAtW0qinMCvr324v02lju7spOJgZc/6Ku5xZr
        boRC1HEimqYJgartRQJBANBS/0BZEk0i6up2FdghJUSDDO9y41tn9pdFSw4b9zoO
        x2buYiojkxdy+EDAi/3vJa08rIT2g0YJQPKlMpZfD3sCQQDLFGuFYQ4FR2m2o7oo
        mPTXVKsIubT08VtJ7yLMCXEOuOF4hbPdK7Mxb5TikRIwP4CaAvfUrXUcrx45algU
        Oy0rAkA3yJG7HF7PMvNutxIgXrfJAcKb98qztkIMvaxcadaowD5a7KhymjYQCGQ7
        ipOx+rC/E8kqjYwXW/D9SIkkRO4zAkBX9CAdREuuPZ+rWn3l11kzaZgpz0RwUZgY
        DVokxHISzj/Y0w9zWtnhL1JsTihyfQ5VpbNwiS+PnMiaVVSQbpDBAkB/cip7fp4X
        YiE08sdT9mcjn7SoB9V2H8gabehnv+WtiR4rEmC1//7SO7H6A5Vfmdd2/NAJObvk
        aIFaGOOfi+YF
        -----END PRIVATE KEY-----
        """

    /// In PKCS#8, as Apple gives its own.
    public static let p256 = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgXAOK8opyOWRC1Z1A
        VVoGq2te+whvT2WRIA8qFf/pskGhRANCAARDcbjLVRNCMgZbBiuZtjKExNbdsG0Y
        ci6iY1YPSpP71O3vpLmVkUH2K5qwOk0l+53BSiQQlPQ08b+pbJkkMlf9
        -----END PRIVATE KEY-----
        """

    /// The same key in the form of RFC 5915.
    public static let oldP256 = """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIFwDivKKcjlkQtWdQFVaBqtrXvsIb09lkSAPKhX/6bJBoAoGCCqGSM49
        AwEHoUQDQgAEQ3G4y1UTQjIGWwYrmbYyhMTW3bBtGHIuomNWD0qT+9Tt76S5lZFB
        9iuasDpNJfudwUokEJT0NPG/qWyZJDJX/Q==
        -----END EC PRIVATE KEY-----
        """

    /// On a curve that is not used here.
    public static let p384 = """
        -----BEGIN PRIVATE KEY-----
        MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDAdd3S5iWEoQxBtogpw
        hy6rJuUTTQ2+Kau6Xy9bv6LTcb2UZOTjRJN7xwJhMM5706GhZANiAAT+Yo3lnjtf
        jonPo6CsdiZMUCyHoUp57nc2BLtu0e/cc4ml+MdwdkAolejkGUPREYkMaZMD9gdu
        riz6gyMJ/Pl0ZYloeOq5JMZ7DA2zMEpGsL0X2fPpj4rD1Wmt0pktcHU=
        -----END PRIVATE KEY-----
        """

    /// `p256` behind a password.
    public static let encrypted = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgLCSFtQ8AB6wICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHtpKyvlq1/3UanCLbyur0sEgZDy
        T+kSmPatN+mlkQa13Ftgfrd032sxRbau1RCYEDRRDPncjMC05WR7oFGjSkDk/t4o
        GX638VYHb0mIRJuhURwkDiLtTWszrd9+AIPG2fjPhU+VVrFV53OOZXQIEvmSBcb2
        p9hMov2jvkfpdU9p3thDs54gTlMAut2NIp3L4wwAufuS4Mmb37eZPGnJcBVHn3M=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// Of a kind that is not kept in PEM here.
    public static let ed25519 = """
        -----BEGIN PRIVATE KEY-----
        MC4CAQAwBQYDK2VwBCIEIENy/Niot+LWYaRpjnxwXxZsecx1p1rFtf0RtZc0wK+e
        -----END PRIVATE KEY-----
        """

    /// The number of `p256`, 32 bytes in Base64url.
    public static let p256Scalar = "XAOK8opyOWRC1Z1AVVoGq2te-whvT2WRIA8qFf_pskE"
}
